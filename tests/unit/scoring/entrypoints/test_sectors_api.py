"""REST about sectors and the event that is published, over months that were measured before."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from services.kit.access.keys import Role
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.http.application import WebParts
from services.kit.http.auth import Principal
from services.kit.http.health import Health
from services.kit.metrics import Metrics
from services.scoring.application.control_events import EventsTopic
from services.scoring.application.sector_stress import MeasuredMonth, SectorMonitor, stress_messages
from services.scoring.domain.portfolio.sector_stress import SectorMonth
from services.scoring.entrypoints.http import create_app
from tests.contract.catalogue import validator_of
from tests.fakes.access_log_in_memory import MemoryAccessLog
from tests.fakes.approvals_in_memory import NoDatabase, no_approvals
from tests.fakes.clock import ManualClock

MARCH = 2026 * 12 + 2


class Keys:
    """`tsk_<role>` is a key."""

    async def authenticate(self, text: str) -> Principal | None:
        role = Role[text.removeprefix("tsk_").upper()]
        return Principal(id=text, name=text, roles=frozenset({role}), officer_id=None)


class MeasuredBefore:
    """Construction: twelve months at 8 and twelve at 12 % before 16 %; bakers have no past."""

    async def measured(self, connection: Any, first: int, last: int) -> dict[int, MeasuredMonth]:
        months = {
            month: MeasuredMonth(month, "EUR", {"41": figures, "*": figures})
            for month in range(MARCH - 24, MARCH)
            for figures in [SectorMonth(month, 10_000, 800 if month % 2 else 1_200, 30)]
        }
        months[MARCH] = MeasuredMonth(
            MARCH,
            "EUR",
            {
                "41": SectorMonth(MARCH, 10_000, 1_600, 30),
                "10": SectorMonth(MARCH, 5_000, 5_000, 25),
                "": SectorMonth(MARCH, 1, 0, 1),
                "*": SectorMonth(MARCH, 15_001, 6_600, 56),
            },
        )
        return {month: row for month, row in months.items() if first <= month <= last}


@pytest.fixture(scope="module")
def watch() -> SectorMonitor:
    return SectorMonitor(
        database=NoDatabase(),
        rows=MeasuredBefore(),  # type: ignore[arg-type]
        rebuilder=None,  # type: ignore[arg-type]
        currency="EUR",
    )


@pytest.fixture(scope="module")
def client(watch: SectorMonitor) -> TestClient:
    health = Health(ManualClock(datetime(2026, 4, 2, tzinfo=UTC)))
    parts = WebParts(
        health=health,
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=Keys(),
        access_log=MemoryAccessLog(),
    )
    app = create_app(
        None, None, None, watch, no_approvals(), isolated=None, resend=None, parts=parts
    )  # type: ignore[arg-type]
    return TestClient(app)


def get(client: TestClient, month: str, key: str = "tsk_risk") -> Any:
    path = f"/v1/portfolio/sectors?month={month}"
    return client.get(path, headers={"Authorization": f"Bearer {key}"})


def test_sectors_of_a_month_the_most_stressed_first(client: TestClient) -> None:
    page = get(client, "2026-03").json()
    assert [row["industry_code"] for row in page["items"]] == ["41", "10", ""]
    assert page["items"][0] == {
        "industry_code": "41",
        "borrowers": 30,
        "exposure": "100.00",
        "stressed": "16.00",
        "share": "0.16",
        "z": "3",  # (16 - 10) / 2
    }
    assert page["items"][1]["z"] is None
    assert (page["currency"], page["all"]["exposure"]) == ("EUR", "150.01")


def test_a_month_that_was_not_measured_is_not_found(client: TestClient) -> None:
    assert get(client, "2026-04").status_code == 404
    assert get(client, "2026-13").status_code == 422


@pytest.mark.parametrize("key", ["tsk_officer", "tsk_operator", "tsk_source"])
def test_who_sees_no_portfolio_sees_no_sectors(client: TestClient, key: str) -> None:
    assert get(client, "2026-03", key).status_code == 403


async def test_what_is_published_has_an_id_of_the_month_and_figures_only(
    watch: SectorMonitor,
) -> None:
    readings = await watch.stress(MARCH) or []
    messages = stress_messages(
        MARCH,
        readings,
        topic=EventsTopic(name="events", partitions=3, zone=ZoneInfo("Europe/Berlin")),
    )
    assert [message.to_partition for message in messages] == [0, 1, 2]
    document = json.loads(messages[0].value or b"")
    validator_of(document["type"]).validate(document)
    assert (document["id"], document["time"]) == (
        "sector-stress:2026-03-31",
        "2026-03-31T22:00:00Z",
    )
    assert document["data"] == {
        "measured_date": "2026-03-31",
        "sectors": [{"industry_code": "41", "z": "3", "share": "0.16"}],
    }
