"""Who closes days, and which closes wait for two people."""

from datetime import date

import pytest

from services.ingest.domain.day_closes import DayCloseRules, DayCloseState
from services.ingest.domain.reasons import RefusalReason

CORE = "core/calendar"
EVENTS = DayCloseRules(closer="events", source=CORE)
CLOCK = DayCloseRules(closer="clock", source="")
LAST = date(2026, 3, 31)


def reason(
    closed: str,
    *,
    rules: DayCloseRules = EVENTS,
    source: str = CORE,
    last: date | None = LAST,
    today: str = "2026-04-20",
    is_in_history_load: bool = False,
) -> RefusalReason | None:
    state = DayCloseState(
        last=last, today=date.fromisoformat(today), is_in_history_load=is_in_history_load
    )
    refusal = rules.refusal(date.fromisoformat(closed), source=source, state=state)
    return refusal.reason if refusal else None


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        ("2026-04-01", None),
        ("2026-04-07", None),
        ("2026-04-08", RefusalReason.AWAITS_APPROVAL),
        ("2026-04-21", RefusalReason.AWAITS_APPROVAL),
        ("2199-12-31", RefusalReason.AWAITS_APPROVAL),
        ("2026-03-31", None),
        ("1999-01-01", None),
    ],
    ids=["next", "seventh", "eighth", "tomorrow", "2199", "again", "long closed"],
)
def test_a_close_follows_the_last_within_a_week(
    closed: str, expected: RefusalReason | None
) -> None:
    assert reason(closed) is expected


def test_the_first_close_is_any_date_up_to_today() -> None:
    assert reason("2016-01-04", last=None) is None
    assert reason("2026-04-20", last=None) is None
    assert reason("2026-04-21", last=None) is RefusalReason.AWAITS_APPROVAL


def test_the_day_after_today_waits_even_if_it_follows_the_last() -> None:
    assert reason("2026-04-01", today="2026-03-31") is RefusalReason.AWAITS_APPROVAL


def test_only_the_source_of_the_setting_closes_days() -> None:
    assert reason("2026-04-01", source="core/loans") is RefusalReason.DAY_CLOSE_NOT_ALLOWED
    assert reason("2026-03-01", source="core/loans") is RefusalReason.DAY_CLOSE_NOT_ALLOWED


def test_no_source_closes_days_beside_the_clock() -> None:
    assert reason("2026-04-01", rules=CLOCK) is RefusalReason.DAY_CLOSE_NOT_ALLOWED
    assert reason("2026-04-01", rules=CLOCK, last=None) is RefusalReason.DAY_CLOSE_NOT_ALLOWED


@pytest.mark.parametrize("rules", [CLOCK, EVENTS])
def test_a_history_load_closes_any_date_up_to_today(rules: DayCloseRules) -> None:
    def in_load(closed: str) -> RefusalReason | None:
        return reason(closed, rules=rules, source="core/history", is_in_history_load=True)

    assert in_load("2026-04-20") is None
    assert in_load("2026-04-21") is RefusalReason.AWAITS_APPROVAL
