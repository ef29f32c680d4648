"""The relay refuses to pass a hole in the outbox."""

import pytest

from services.kit.stream.relay import check_consecutive


def test_rows_in_a_row_may_leave() -> None:
    check_consecutive([7])
    check_consecutive([7, 8, 9])


def test_a_missing_row_stops_the_relay() -> None:
    with pytest.raises(LookupError, match="7 to 10"):
        check_consecutive([7, 8, 10])
