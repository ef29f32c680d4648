"""The real queue of deliveries plays the scenario that the simulated one is held to."""

import pytest

from services.alerts.primitives.vocabulary import Level, RiskState
from tests.contract.queue_scenario import leases_order_and_results
from tests.fakes.assessments import assessment, contributor
from tests.integration.alerts.conftest import Desk

pytestmark = pytest.mark.integration


async def test_the_real_queue(desk: Desk) -> None:
    await desk.endpoint(is_ordered=True)
    red = contributor("R-01", Level.RED, 30.0)
    await desk.assess(assessment(RiskState.WATCH, red))
    await desk.assess(assessment(RiskState.HIGH_RISK, red, sequence=2))
    rows = await desk.pool.fetch("SELECT endpoint_id FROM alerts.webhook_delivery")
    assert len(rows) >= 2
    await leases_order_and_results(
        desk.queue, endpoint_id=rows[0]["endpoint_id"], at=desk.clock.now()
    )
