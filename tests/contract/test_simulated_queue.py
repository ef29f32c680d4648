"""The simulated queue of deliveries leases, orders and records as the real one."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.contract import queue_scenario
from tests.simulation.delivery_rows import DeliveryRows, Endpoint
from tests.simulation.fault_rates import FaultRates
from tests.simulation.loop import EPOCH, pause, simulate


async def advance(duration: timedelta) -> None:
    await pause(duration.total_seconds())


@pytest.mark.parametrize("scenario", queue_scenario.SCENARIOS, ids=lambda each: each.__name__)
def test_the_simulated_queue(scenario: Callable[..., Awaitable[Any]]) -> None:
    rows = DeliveryRows(FaultRates())
    rows.endpoints["e"] = Endpoint(endpoint_id="e", is_ordered=True)
    for feed_id in (1, 2):
        rows.add(feed_id=feed_id, endpoint_id="e", borrower_id="b", at=EPOCH)
    simulate(scenario(rows, endpoint_id="e", advance=advance))
