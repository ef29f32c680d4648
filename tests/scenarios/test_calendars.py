"""When a reminder and the first escalation come, by the owner's calendar: worked out by hand.

Half of the time to acknowledge is the reminder, all of it the first level. In working days of
eight hours these are 12 and 24 hours in WATCH, 4 and 8 in HIGH_RISK, 40 and 80 in ATTENTION; a
working day of another length changes them with it. Moments are those of Berlin.
"""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.alerts.primitives.vocabulary import RiskState
from tests.fakes.people import BERLIN, bank
from tests.scenarios.test_life_cycle import AMBER, HIGH, RED, WATCH, named, office, opens

ATTENTION = RiskState.ATTENTION
IN_BERLIN = ZoneInfo("Europe/Berlin")
BANK: dict[str, Any] = {"holidays": frozenset()}
SATURDAYS = {**BANK, "free_weekdays": frozenset({6})}
FRIDAY_AND_SATURDAY_FREE = {**BANK, "free_weekdays": frozenset({4, 5})}
SHORT_DAYS = {**BANK, "opens": time(10), "closes": time(16)}
LONG_DAYS = {**BANK, "opens": time(8), "closes": time(20)}
SHANGHAI = {**BANK, "timezone": ZoneInfo("Asia/Shanghai")}
NEW_YORK = {**BANK, "timezone": ZoneInfo("America/New_York")}


def closed_on(*days: int) -> dict[str, Any]:
    """The bank is closed on these days of March."""
    return {"holidays": frozenset(date(2026, 3, day) for day in days)}


# Story, calendar, state, days after Monday 2 March 10:00; opened, half, all of the time.
Row = tuple[str, dict[str, Any], RiskState, float, str, str, str]
ROWS: tuple[Row, ...] = (
    ("on a Tuesday", BANK, WATCH, 1, "Tue 03 Mar 10:00", "Wed 04 Mar 14:00", "Fri 06 Mar 10:00"),
    ("the end after the weekend", BANK, WATCH, 2,
     "Wed 04 Mar 10:00", "Thu 05 Mar 14:00", "Mon 09 Mar 10:00"),
    ("half before, the end after the weekend", BANK, WATCH, 3,
     "Thu 05 Mar 10:00", "Fri 06 Mar 14:00", "Tue 10 Mar 10:00"),
    ("both after the weekend", BANK, WATCH, 4,
     "Fri 06 Mar 10:00", "Mon 09 Mar 14:00", "Wed 11 Mar 10:00"),
    ("on a Saturday: three whole days from Monday", BANK, WATCH, 5,
     "Sat 07 Mar 10:00", "Tue 10 Mar 13:00", "Wed 11 Mar 17:00"),
    ("on a Sunday: the same", BANK, WATCH, 6,
     "Sun 08 Mar 10:00", "Tue 10 Mar 13:00", "Wed 11 Mar 17:00"),
    ("at closing time: from the next morning", BANK, WATCH, 7 / 24,
     "Mon 02 Mar 17:00", "Wed 04 Mar 13:00", "Thu 05 Mar 17:00"),
    ("a minute before closing time", BANK, WATCH, 419 / 1440,
     "Mon 02 Mar 16:59", "Wed 04 Mar 12:59", "Thu 05 Mar 16:59"),
    ("before opening: from nine", BANK, WATCH, 19 / 24,
     "Tue 03 Mar 05:00", "Wed 04 Mar 13:00", "Thu 05 Mar 17:00"),
    ("an hour before the weekend", BANK, HIGH, 4.25,
     "Fri 06 Mar 16:00", "Mon 09 Mar 12:00", "Mon 09 Mar 16:00"),
    ("half at closing time stays on that day", BANK, HIGH, 3 / 24,
     "Mon 02 Mar 13:00", "Mon 02 Mar 17:00", "Tue 03 Mar 13:00"),
    ("over one night", BANK, HIGH, 5 / 24,
     "Mon 02 Mar 15:00", "Tue 03 Mar 11:00", "Tue 03 Mar 15:00"),
    ("two weeks from a Friday", BANK, ATTENTION, 4,
     "Fri 06 Mar 10:00", "Fri 13 Mar 10:00", "Fri 20 Mar 10:00"),
    ("two weeks from a Saturday", BANK, ATTENTION, 5,
     "Sat 07 Mar 10:00", "Fri 13 Mar 17:00", "Fri 20 Mar 17:00"),
    ("two holidays", closed_on(3, 4), WATCH, 0,
     "Mon 02 Mar 10:00", "Thu 05 Mar 14:00", "Mon 09 Mar 10:00"),
    ("opened on a holiday", closed_on(2), WATCH, 0,
     "Mon 02 Mar 10:00", "Wed 04 Mar 13:00", "Thu 05 Mar 17:00"),
    ("a holiday after the weekend", closed_on(9), WATCH, 4,
     "Fri 06 Mar 10:00", "Tue 10 Mar 14:00", "Thu 12 Mar 10:00"),
    ("holidays on both sides of the weekend", closed_on(6, 9), WATCH, 3,
     "Thu 05 Mar 10:00", "Tue 10 Mar 14:00", "Thu 12 Mar 10:00"),
    ("an hour before a long weekend", closed_on(6), HIGH, 3.25,
     "Thu 05 Mar 16:00", "Mon 09 Mar 12:00", "Mon 09 Mar 16:00"),
    ("a week without work", closed_on(3, 4, 5, 6), ATTENTION, 0,
     "Mon 02 Mar 10:00", "Fri 13 Mar 10:00", "Fri 20 Mar 10:00"),
    ("a holiday on a Saturday changes nothing", closed_on(7), WATCH, 4,
     "Fri 06 Mar 10:00", "Mon 09 Mar 14:00", "Wed 11 Mar 10:00"),
    ("a bank that works on Saturdays", SATURDAYS, WATCH, 4,
     "Fri 06 Mar 10:00", "Sat 07 Mar 14:00", "Tue 10 Mar 10:00"),
    ("Friday and Saturday free", FRIDAY_AND_SATURDAY_FREE, WATCH, 2,
     "Wed 04 Mar 10:00", "Thu 05 Mar 14:00", "Mon 09 Mar 10:00"),
    ("opened on a free Friday", FRIDAY_AND_SATURDAY_FREE, WATCH, 4,
     "Fri 06 Mar 10:00", "Mon 09 Mar 13:00", "Tue 10 Mar 17:00"),
    ("days of six hours", SHORT_DAYS, WATCH, 0,
     "Mon 02 Mar 10:00", "Tue 03 Mar 13:00", "Wed 04 Mar 16:00"),
    ("one day of six hours", SHORT_DAYS, HIGH, 0,
     "Mon 02 Mar 10:00", "Mon 02 Mar 13:00", "Mon 02 Mar 16:00"),
    ("days of twelve hours", LONG_DAYS, WATCH, 0,
     "Mon 02 Mar 10:00", "Tue 03 Mar 16:00", "Thu 05 Mar 10:00"),
    ("one day of twelve hours over a weekend", LONG_DAYS, HIGH, 4.375,
     "Fri 06 Mar 19:00", "Mon 09 Mar 13:00", "Mon 09 Mar 19:00"),
    ("clocks go forward at the weekend", BANK, WATCH, 25,
     "Fri 27 Mar 10:00", "Mon 30 Mar 14:00", "Wed 01 Apr 10:00"),
    ("an hour before the clocks go forward", BANK, HIGH, 25.25,
     "Fri 27 Mar 16:00", "Mon 30 Mar 12:00", "Mon 30 Mar 16:00"),
    ("clocks go back at the weekend", BANK, WATCH, 235,
     "Fri 23 Oct 11:00", "Mon 26 Oct 15:00", "Wed 28 Oct 11:00"),
    # Nine to five in Shanghai is two to ten in Berlin.
    ("an officer in Shanghai, whose day is over", SHANGHAI, WATCH, 0,
     "Mon 02 Mar 10:00", "Wed 04 Mar 06:00", "Thu 05 Mar 10:00"),
    # Nine to five in New York is 15 to 23 in Berlin, and an hour earlier from 8 to 28 March.
    ("an officer in New York, whose day begins later", NEW_YORK, WATCH, 0,
     "Mon 02 Mar 10:00", "Tue 03 Mar 19:00", "Wed 04 Mar 23:00"),
    ("clocks go forward in New York and not in Berlin", NEW_YORK, WATCH, 4,
     "Fri 06 Mar 10:00", "Mon 09 Mar 18:00", "Tue 10 Mar 22:00"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("story", "calendar", "state", "day", "opened", "half", "whole"),
    ROWS,
    ids=[row[0] for row in ROWS],
)
def test_the_owners_calendar_counts(
    story: str,
    calendar: dict[str, Any],
    state: RiskState,
    day: float,
    opened: str,
    half: str,
    whole: str,
) -> None:
    calendars = {**bank().calendars, "bank": replace(BERLIN, **calendar)}
    current = office(calendars=calendars)()
    opens(state, AMBER if state is ATTENTION else RED, day)(current)
    end = datetime.strptime(f"{whole} 2026", "%a %d %b %H:%M %Y").replace(tzinfo=IN_BERLIN)
    current.advance(end + timedelta(minutes=1))
    assert [named(notice) for notice in current.notices] == [
        f"{opened} ana opened",
        f"{half} ana reminded",
        f"{whole} ana escalated",
        f"{whole} sam escalated",
    ], story
