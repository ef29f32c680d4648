"""The short torture of deliveries: three dispatchers, kills, and receivers that fail."""

import pytest

from tests.delivery_torture.profiles import PROFILES
from tests.delivery_torture.run import torture

pytestmark = pytest.mark.integration


async def test_nothing_is_lost_or_out_of_order_and_only_what_was_in_flight_is_repeated(
    database_url: str,
) -> None:
    line = await torture(PROFILES["small"], database_url=database_url, seed=1)
    assert line["verified"], line
    assert line["kills"] + line["pauses"] == 6
    # Three in ten first attempts fail, so that there are retries between the kills.
    assert line["attempts"] > line["deliveries"] + 150
