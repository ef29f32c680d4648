"""What `tocsin topics` creates."""

import pytest

from services.cli.topics import configuration_of


@pytest.mark.parametrize(("replicas", "in_sync"), [(1, None), (2, None), (3, "2"), (5, "2")])
def test_two_copies_acknowledge_a_write_where_there_are_three(
    replicas: int, in_sync: str | None
) -> None:
    configuration = configuration_of({"retention.ms": "-1"}, replicas=replicas)
    assert configuration.get("min.insync.replicas") == in_sync
    assert configuration["retention.ms"] == "-1"
