"""X-03: whether the feed of account data has gone silent.

A mark on the quality of data, never a risk: rulebooks give it no weight. What a borrower does not
book is A-07's; here nothing at all has been reported, balances included.
"""

from itertools import pairwise
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.primitives import daily_values, series, touched
from services.scoring.domain.primitives.daily_values import Daily
from services.scoring.domain.primitives.measurement import (
    Measurement,
    Reason,
    Unit,
    measured,
    micro_ratio,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.rulebook.rulebook import ACCOUNT, Indicator, Rules, one_arm

WINDOW_DAYS: Final = 100
LEAST_GAPS: Final = 10
# A feed may pause over a weekend and a holiday.
SHORTEST_INTERVAL: Final = 5


def data_silence(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """X-03: days without any account data over the usual interval between two days with data.

    Usual is the interval that nine in ten of the last 100 days' intervals do not exceed, at least
    five days.
    """
    if not borrower.flows.known_day:
        return not_applicable()
    start = as_of - WINDOW_DAYS + 1
    days = set(series.active_days(borrower.flows.operating_credits, start, as_of))
    days.update(series.active_days(borrower.flows.debits, start, as_of))
    newest = borrower.flows.known_day
    for account in borrower.accounts:
        days.update(_reported_days(account.eod, start, as_of))
        if account.eod.reported:
            newest = max(newest, min(as_of, daily_values.last_day(account.eod)))
    for kept in (borrower.flows.operating_credits, borrower.flows.debits):
        if kept.days:
            newest = max(newest, min(as_of, kept.days[-1]))
    active = sorted(days)
    gaps = sorted(later - earlier for earlier, later in pairwise(active))
    if len(gaps) < LEAST_GAPS:
        return unmeasurable(Reason.FEW_OBSERVATIONS)
    usual = max(SHORTEST_INTERVAL, gaps[(len(gaps) * 9 + 9) // 10 - 1])
    return measured(micro_ratio(as_of - newest, usual))


def _reported_days(eod: Daily, start: int, end: int) -> list[int]:
    first = max(0, start - eod.first_day)
    last = max(0, end - eod.first_day + 1)
    return [
        eod.first_day + first + place
        for place, figure in enumerate(eod.reported[first:last])
        if figure is not None
    ]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="X-03",
        name="Account data have gone silent",
        family=ACCOUNT,
        group="quality",
        risk_type="INFORMATION",
        arms=one_arm(Unit.NUMBER, "days without data, times the usual interval"),
        inputs=touched.CREDITS | touched.DEBITS | touched.BALANCES | touched.DAY,
        measure=data_silence,
    ),
)
