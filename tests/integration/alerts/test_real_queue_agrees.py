"""The real queue of deliveries plays the scenario that the simulated one is held to."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.alerts.primitives.vocabulary import Level, RiskState
from tests.contract import queue_scenario
from tests.fakes.assessments import assessment, contributor
from tests.integration.alerts.conftest import Desk

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("scenario", queue_scenario.SCENARIOS, ids=lambda each: each.__name__)
async def test_the_real_queue(desk: Desk, scenario: Callable[..., Awaitable[Any]]) -> None:
    await desk.endpoint(is_ordered=True)
    red = contributor("R-01", Level.RED, 30.0)
    await desk.assess(assessment(RiskState.WATCH, red))
    await desk.assess(assessment(RiskState.HIGH_RISK, red, sequence=2))
    rows = await desk.pool.fetch("SELECT endpoint_id FROM alerts.webhook_delivery")
    assert len(rows) >= 2
    await scenario(desk.queue, endpoint_id=rows[0]["endpoint_id"], advance=desk.advance)
