"""The short torture, with the other tests: one seed, every kind of fault."""

import pytest

from tests.chaos.profiles import PROFILES
from tests.chaos.run import torture


@pytest.mark.chaos
async def test_nothing_is_lost_doubled_or_out_of_order_under_faults() -> None:
    line = await torture(PROFILES["ci"], seed=1)

    assert line["verified"], line
    assert line["lost"] == line["doubled"] == line["out_of_order"] == line["mismatches"] == 0
    assert line["events"] >= 100_000
    assert line["scoring_kills"] >= 10
    assert line["broker_crashes"] == line["database_crashes"] == 2
    assert line["fenced"] > 0
