"""A storm on a real database: one limit for all partitions, and what each officer gets."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date

import pytest

from services.alerts.decisions.application.read_models import AlertFilters
from services.alerts.decisions.domain.assessment import AssessmentSummary
from services.alerts.decisions.domain.storm import changes_of_a_storm
from services.alerts.primitives.vocabulary import AlertType, Level, RiskState, Severity
from services.kit.stream.records import Batch
from tests.fakes.assessments import MONDAY, assessment, contributor, record
from tests.integration.alerts.conftest import RISK, Desk

pytestmark = pytest.mark.integration
RED = contributor("R-01", Level.RED, 30.0)
HARD = contributor("R-02", Level.HARD, 40.0)
# Borrowers as they are the day before: assessed once, NORMAL, of an officer each.
BORROWERS = """
INSERT INTO alerts.borrower (borrower_id, partition, sequence, at, as_of, state, state_since, score,
                             segment, officer_id, told, last_message, green_since, has_tasks,
                             assessment)
SELECT $1 || '-' || number, 0, 1, $3, $4, 'NORMAL', $4, 0, $1, 'o-' || number % 25, '{}', 'null',
       '{}', false, '{}'
  FROM generate_series(0, $2 - 1) AS number
"""
OPENED = """
SELECT borrower_id, alert_type, owner_id FROM alerts.alert_event AS event
  JOIN alerts.alert USING (alert_id, borrower_id, owner_id) WHERE kind = 'alert.opened.v1'
"""


async def populate(desk: Desk, segment: str, count: int) -> None:
    await desk.pool.execute(BORROWERS, segment, count, MONDAY, date(2026, 3, 1))


def fallen(number: int, segment: str, *, is_hard: bool = False) -> AssessmentSummary:
    return assessment(
        RiskState.WATCH,
        HARD if is_hard else RED,
        borrower_id=f"{segment}-{number}",
        sequence=2,
        segment=segment,
        officer_id=f"o-{number % 25}",
    )


async def apply(desk: Desk, assessments: Sequence[AssessmentSummary], partition: int) -> None:
    records = [
        record(summary, offset=index, partition=partition)
        for index, summary in enumerate(assessments)
    ]
    batch = Batch(topic="risk", partition=partition, first_offset=0, records=list(records))
    async with desk.pool.acquire() as connection, connection.transaction():
        await desk.handler.apply(batch, connection)
    desk.handler.committed(batch)


@pytest.mark.parametrize(
    ("borrowers", "changes"),
    [(10, 20), (399, 20), (400, 20), (401, 21), (1_000, 50), (5_000, 250), (5_001, 251)],
)
def test_20_borrowers_and_5_percent_make_a_storm(borrowers: int, changes: int) -> None:
    assert changes_of_a_storm(borrowers) == changes


async def test_5000_borrowers_on_one_day_and_what_each_officer_gets(desk: Desk) -> None:
    await populate(desk, "SME", 5_000)
    # Every hundredth has a hard trigger: 50, of the officers o-0 only (multiples of 25).
    all_of_them = [fallen(number, "SME", is_hard=number % 100 == 0) for number in range(5_000)]
    for partition, begin in enumerate(range(0, 5_000, 500)):
        await apply(desk, all_of_them[begin : begin + 500], partition % 4)
    rows = await desk.pool.fetch(OPENED)
    assert [row["owner_id"] for row in rows if row["alert_type"] == AlertType.PORTFOLIO] == [
        "credit-desk"
    ]
    # 5 % are 250: the first 249 pass, then only hard triggers. The first 249 have 3 of the 50.
    owners = Counter(row["owner_id"] for row in rows if row["alert_type"] != AlertType.PORTFOLIO)
    assert sum(owners.values()) == 249 + 47
    assert owners["o-0"] == 10 + 47
    assert {owners[f"o-{number}"] for number in range(1, 24)} == {10}
    assert owners["o-24"] == 9
    held = "SELECT count(*) FROM alerts.decision WHERE code = 'STORM' AND sequence IS NOT NULL"
    assert await desk.pool.fetchval(held) == 5_000 - 249 - 47
    # On the next working day what still stands is notified.
    tomorrow = [
        assessment(
            RiskState.WATCH,
            RED,
            borrower_id=f"SME-{number}",
            sequence=3,
            days_later=1,
            officer_id="o-1",
        )
        for number in (4_999, 4_998)
    ]
    await apply(desk, tomorrow, 0)
    page = await desk.reading.list_alerts(AlertFilters(borrower_id="SME-4999"), person=RISK)
    assert [alert.severity for alert in page.items] == [Severity.MEDIUM]


@pytest.mark.parametrize("size", [1, 7, 30])
async def test_the_size_of_the_batches_changes_nothing(desk: Desk, size: int) -> None:
    await populate(desk, "SME", 30)
    summaries = [fallen(number, "SME") for number in range(30)]
    for begin in range(0, 30, size):
        await apply(desk, summaries[begin : begin + size], 0)
    rows = await desk.pool.fetch(OPENED + " ORDER BY feed_id")
    assert [row["borrower_id"] for row in rows] == [
        *(f"SME-{number}" for number in range(19)),
        "portfolio:SME:2026-03-02",
    ]


async def test_partitions_at_the_same_time_have_one_limit_and_one_alert(desk: Desk) -> None:
    await populate(desk, "SME", 40)
    await asyncio.gather(
        *(
            apply(desk, [fallen(number, "SME") for number in range(part, 40, 4)], part)
            for part in range(4)
        )
    )
    rows = await desk.pool.fetch(OPENED)
    assert Counter(row["alert_type"] for row in rows) == {"STATE_CHANGED": 19, "PORTFOLIO": 1}


async def test_a_borrower_counts_once_a_day(desk: Desk) -> None:
    await populate(desk, "SME", 1)
    states = [RiskState.WATCH, RiskState.ATTENTION] * 15
    for sequence, state in enumerate(states, 2):
        await apply(desk, [assessment(state, RED, borrower_id="SME-0", sequence=sequence)], 0)
    assert await desk.pool.fetchval("SELECT changed FROM alerts.segment_day") == 1


async def test_the_portfolio_alert_is_read_and_handled_as_any_other(desk: Desk) -> None:
    await populate(desk, "SME", 30)
    await apply(desk, [fallen(number, "SME") for number in range(30)], 0)
    filters = AlertFilters(alert_types=[AlertType.PORTFOLIO])
    [alert] = (await desk.reading.list_alerts(filters, person=RISK)).items
    assert alert.headline.startswith("Small or medium firm")
    await desk.handling.acknowledge(alert.alert_id, expected_version=1, person=RISK)
    detail = await desk.reading.get_alert(alert.alert_id, person=RISK)
    assert detail.alert.acknowledged_at is not None
