"""How early the warnings came, how many were right, and what they cost in alerts.

By state (ATTENTION or worse, and so on) and, with a budget, by a cut on one figure that healthy
borrowers reach no more often than the budget says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.cli.evaluate.histories import (
    History,
    alerts_above,
    entries,
    lead_days,
    quantiles,
)

STATES: Final = {"ATTENTION": 1, "WATCH": 2, "HIGH_RISK": 3}
LEADS: Final = (0, 30, 90, 180)
DAYS_A_MONTH: Final = 30.4375
DAYS_A_YEAR: Final = 365.25
STEPS: Final = 40
Quartiles = tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class StateFigures:
    """What one state was worth. Shares are of borrowers unless the name says otherwise."""

    state: str
    healthy: int
    healthy_ever: float | None
    healthy_rows: float | None
    recall_by_lead: dict[int, float | None]
    precision_by_lead: dict[int, float | None]
    lead_quartiles: Quartiles
    alerts: int
    alerts_per_100_months: float | None


@dataclass(frozen=True, slots=True)
class BudgetFigures:
    """What one figure catches at so many alerts per healthy borrower and year."""

    budget: float
    cut: float
    alerts_per_healthy_year: float
    caught: int
    events: int
    lead_quartiles: Quartiles


def by_state(histories: Sequence[History], horizon_days: int) -> list[StateFigures]:
    """Return the figures of each state."""
    return [_state(name, rank, histories, horizon_days) for name, rank in STATES.items()]


def _state(name: str, rank: int, histories: Sequence[History], horizon: int) -> StateFigures:
    healthy = [one for one in histories if one.event is None]
    rows = sum(len(one.days) for one in healthy)
    alerts = [(one, day) for one in histories for day in entries(one, rank)]
    leads = [(one, lead_days(one, rank)) for one in histories if one.event is not None]
    months = sum(one.observed_days for one in histories) / DAYS_A_MONTH
    return StateFigures(
        state=name,
        healthy=len(healthy),
        healthy_ever=_share(sum(max(one.ranks) >= rank for one in healthy), len(healthy)),
        healthy_rows=_share(sum(now >= rank for one in healthy for now in one.ranks), rows),
        recall_by_lead={days: _recall(leads, days) for days in LEADS},
        precision_by_lead={days: _precision(alerts, days, horizon) for days in LEADS},
        lead_quartiles=quantiles(lead for _, lead in leads if lead is not None),
        alerts=len(alerts),
        alerts_per_100_months=100 * len(alerts) / months if months else None,
    )


def _recall(leads: list[tuple[History, int | None]], days: int) -> float | None:
    """Return the share warned so many days before, of those who were known that long."""
    known = [
        lead for one, lead in leads if one.event is not None and one.event - one.days[0] >= days
    ]
    return _share(sum(lead is not None and lead >= days for lead in known), len(known))


def _precision(alerts: list[tuple[History, int]], days: int, horizon: int) -> float | None:
    """Return the share of alerts that an event followed, so many days on and within the horizon."""
    right = sum(one.event is not None and days <= one.event - day <= horizon for one, day in alerts)
    return _share(right, len(alerts))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def at_budget(
    histories: Sequence[History], budget: float, silence_days: int, horizon_days: int
) -> BudgetFigures | None:
    """Return what the figure catches at the budget; ``None`` without healthy time or figures.

    The cut is found on the healthy borrowers alone: the lowest at which they stay in the budget.
    """
    healthy = [one for one in histories if one.event is None]
    years = sum(one.observed_days for one in healthy) / DAYS_A_YEAR
    levels = sorted({figure for one in histories for figure in one.figures})
    if not years or not levels:
        return None

    def rate(cut: float) -> float:
        return sum(len(alerts_above(one, cut, silence_days)) for one in healthy) / years

    low, high = 0, len(levels) - 1
    if rate(levels[high]) > budget:
        return BudgetFigures(budget, levels[high], rate(levels[high]), 0, 0, None)
    for _ in range(STEPS):
        if low >= high:
            break
        middle = (low + high) // 2
        low, high = (low, middle) if rate(levels[middle]) <= budget else (middle + 1, high)
    cut = levels[high]
    leads = []
    events = [one for one in histories if one.event is not None]
    for one in events:
        before = [
            one.event - day
            for day in alerts_above(one, cut, silence_days)
            if one.event is not None and 0 < one.event - day <= horizon_days
        ]
        if before:
            leads.append(max(before))
    return BudgetFigures(budget, cut, rate(cut), len(leads), len(events), quantiles(leads))
