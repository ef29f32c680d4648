"""Measures warnings against outcomes: lead time, recall, precision and alert burden of each state.

Called by `tocsin evaluate`, `tocsin backtest` and `tocsin rulebook what-if`. A spell is an unbroken
time at or above a state; an interruption of less than 60 days does not end it. The warning that
counts is the start of the spell that led up to the event: an alarm that was long over is no early
warning. Invariants: an assessment of the day of the event or later never counts, because it
includes the outcome; a warning is never older than the trouble it warns of, so a borrower who was
in ATTENTION for years without reason adds no lead.

`Ranking` measures how well a figure ranks those who fail above those who do not: the area under the
ROC curve with an interval that treats a borrower's rows as a cluster (DeLong's components, summed
by borrower: Obuchowski 1997), and the recall that is left at a share of false alarms. Exact and
without chance: no seed, the same answer every time.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

SPELL_BREAKS_AFTER_DAYS: Final = 60
DAYS_A_MONTH: Final = 30.4375
DAYS_A_YEAR: Final = 365.25
EVERYBODY: Final = "all"
SEVERITY: Final = {
    "NORMAL": 0,
    "CLOSED": 0,
    "ATTENTION": 1,
    "WATCH": 2,
    "PROBATION": 2,
    "HIGH_RISK": 3,
    "DEFAULT": 4,
}
WARNING_STATES: Final = ("ATTENTION", "WATCH", "HIGH_RISK")
LEADS: Final = (0, 30, 90, 180)
SEARCH_STEPS: Final = 40
Z_95: Final = 1.959964
Quartiles = tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class BorrowerOutcome:
    """What happened to one borrower; days are ordinals, ``None`` for what never came.

    Args:
        borrower_id: The borrower.
        event: The day of the failing event.
        group: The group to report by, such as a scenario.
        distress: Since when the borrower was in trouble, with or without an event in the end.
        first_missed: The first day on which an instalment was due and was not paid.
    """

    borrower_id: str
    event: int | None
    group: str = EVERYBODY
    distress: int | None = None
    first_missed: int | None = None

    @property
    def is_healthy(self) -> bool:
        """Return whether no warning about the borrower could have been right."""
        return self.event is None and self.distress is None

    @property
    def is_in_trouble(self) -> bool:
        """Return whether the borrower was in trouble and did not fail."""
        return self.event is None and self.distress is not None


@dataclass(slots=True)
class StateHistory:
    """One borrower's assessments before its event, as parallel lists in ascending order of days."""

    outcome: BorrowerOutcome
    segment: str
    days: list[int] = field(default_factory=list)
    severities: list[int] = field(default_factory=list)
    figures: list[float] = field(default_factory=list)

    @property
    def observed_days(self) -> int:
        """Return for how many days the borrower was observed."""
        return self.days[-1] - self.days[0]


@dataclass(frozen=True, slots=True)
class StateFigures:
    """What one state, or a worse one, was worth; shares are 0 to 1, ``None`` of nothing.

    Args:
        state: The state.
        warned: Events that a spell in the state led up to.
        recall_by_lead: Share of events warned of that many days before, of those observed so long.
        leads: Quartiles of the days from the warning, or from the start of the trouble if that came
            later, to the event.
        miss_leads: The same to the first missed instalment, of those that missed one; negative
            where the warning came after it.
        warned_before_miss: How many of them came before it.
        in_trouble_warned: Borrowers in trouble without an event who were in the state meanwhile.
        entries: How often a borrower came into the state.
        entries_right: Entries of borrowers in trouble, or with an event within the horizon.
        precision_by_lead: Share of entries that an event followed, that many days on and within the
            horizon; with 0 days, also those of borrowers in trouble.
        entries_per_100_months: Entries per 100 borrower-months.
        healthy_ever: Share of the healthy borrowers who were ever in the state.
        healthy_time: Share of the healthy borrowers' assessments in the state.
    """

    state: str
    warned: int
    recall_by_lead: dict[int, float | None]
    leads: Quartiles
    miss_leads: Quartiles
    warned_before_miss: int
    in_trouble_warned: int
    entries: int
    entries_right: int
    precision_by_lead: dict[int, float | None]
    entries_per_100_months: float | None
    healthy_ever: float | None
    healthy_time: float | None


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """The figures of one set of borrowers; ``missed`` are the events with a missed instalment."""

    name: str
    borrowers: int
    events: int
    missed: int
    in_trouble: int
    healthy: int
    months: float
    states: list[StateFigures]


@dataclass(frozen=True, slots=True)
class BudgetFigures:
    """What one figure catches at a number of alerts per healthy borrower and year."""

    budget: float
    cut: float
    alerts_per_healthy_year: float
    caught: int
    events: int
    lead_quartiles: Quartiles


def group_figures(name: str, histories: Sequence[StateHistory], horizon_days: int) -> GroupFigures:
    """Return the figures of these borrowers, an event counting within the horizon of a warning."""
    outcomes = [history.outcome for history in histories]
    return GroupFigures(
        name=name,
        borrowers=len(histories),
        events=sum(outcome.event is not None for outcome in outcomes),
        missed=sum(
            outcome.event is not None and outcome.first_missed is not None for outcome in outcomes
        ),
        in_trouble=sum(outcome.is_in_trouble for outcome in outcomes),
        healthy=sum(outcome.is_healthy for outcome in outcomes),
        months=sum(history.observed_days for history in histories) / DAYS_A_MONTH,
        states=[_state_figures(state, histories, horizon_days) for state in WARNING_STATES],
    )


def grouped(histories: Iterable[StateHistory], key: str) -> dict[str, list[StateHistory]]:
    """Return the histories by ``segment`` or by the outcomes' ``group``, in order of the names."""
    groups: dict[str, list[StateHistory]] = {}
    for history in histories:
        name = history.segment if key == "segment" else history.outcome.group
        groups.setdefault(name, []).append(history)
    return {name: groups[name] for name in sorted(groups)}


def _state_figures(state: str, histories: Sequence[StateHistory], horizon: int) -> StateFigures:
    severity = SEVERITY[state]
    healthy = [history for history in histories if history.outcome.is_healthy]
    assessments = sum(len(history.days) for history in healthy)
    failing = [
        (history, lead_days(history, severity))
        for history in histories
        if history.outcome.event is not None
    ]
    leads = [lead for _, lead in failing if lead is not None]
    miss_leads = [_to_miss(history.outcome, lead) for history, lead in failing]
    known = [lead for lead in miss_leads if lead is not None]
    alerts = [(history.outcome, day) for history in histories for day in entries(history, severity)]
    months = sum(history.observed_days for history in histories) / DAYS_A_MONTH
    in_state = sum(now >= severity for history in healthy for now in history.severities)
    ever = sum(max(history.severities) >= severity for history in healthy)
    return StateFigures(
        state=state,
        warned=len(leads),
        recall_by_lead={days: _recall(failing, days) for days in LEADS},
        leads=quartiles(leads),
        miss_leads=quartiles(known),
        warned_before_miss=sum(lead > 0 for lead in known),
        in_trouble_warned=sum(_warned_in_trouble(history, severity) for history in histories),
        entries=len(alerts),
        entries_right=_right(alerts, 0, horizon),
        precision_by_lead={
            days: _share(_right(alerts, days, horizon), len(alerts)) for days in LEADS
        },
        entries_per_100_months=100 * len(alerts) / months if months else None,
        healthy_ever=_share(ever, len(healthy)),
        healthy_time=_share(in_state, assessments),
    )


def entries(history: StateHistory, severity: int) -> list[int]:
    """Return the days on which the borrower came to this severity or a worse one."""
    days, before = [], 0
    for day, now in zip(history.days, history.severities, strict=True):
        if now >= severity > before:
            days.append(day)
        before = now
    return days


def lead_days(history: StateHistory, severity: int) -> int | None:
    """Return the days from the warning to the event; ``None`` where no spell led up to an event."""
    start: int | None = None
    left: int | None = None
    for day, now in zip(history.days, history.severities, strict=True):
        if now >= severity:
            if start is None or (left is not None and day - left >= SPELL_BREAKS_AFTER_DAYS):
                start = day
            left = None
        elif start is not None and left is None:
            left = day
    event, distress = history.outcome.event, history.outcome.distress
    if start is None or event is None:
        return None
    if left is not None and event - left >= SPELL_BREAKS_AFTER_DAYS:
        return None
    return event - start if distress is None else event - max(start, distress)


def _to_miss(outcome: BorrowerOutcome, lead: int | None) -> int | None:
    """Return the days from the warning to the first missed instalment, of a lead to the event."""
    if lead is None or outcome.event is None or outcome.first_missed is None:
        return None
    return lead - (outcome.event - outcome.first_missed)


def lead_of_alerts(
    outcome: BorrowerOutcome, alert_days: Iterable[int], horizon_days: int = 0
) -> int | None:
    """Return the days from the first alert in time to the event; ``None`` where none was in time.

    In time is an alert before the event and since the trouble began or, where that is not known,
    within the horizon.
    """
    event, distress = outcome.event, outcome.distress
    if event is None:
        return None
    first = event - horizon_days if distress is None else distress
    in_time = [day for day in alert_days if first <= day < event]
    return event - min(in_time) if in_time else None


def is_right(outcome: BorrowerOutcome, day: int, horizon_days: int, ahead_days: int = 0) -> bool:
    """Return whether an alert on the day was about trouble or an event, that many days ahead."""
    if ahead_days == 0 and outcome.distress is not None and day >= outcome.distress:
        return True
    return outcome.event is not None and max(1, ahead_days) <= outcome.event - day <= horizon_days


def alerts_above(history: StateHistory, cut: float, silence_days: int) -> list[int]:
    """Return the days on which the figure reached the cut, without those soon after another one."""
    alerts: list[int] = []
    above = False
    for day, figure in zip(history.days, history.figures, strict=True):
        if figure >= cut:
            if not above and (not alerts or day - alerts[-1] > silence_days):
                alerts.append(day)
            above = True
        else:
            above = False
    return alerts


def at_budget(
    histories: Sequence[StateHistory], budget: float, silence_days: int, horizon_days: int
) -> BudgetFigures | None:
    """Return what the figure catches at the budget; ``None`` without healthy time or figures.

    The cut is set on the healthy borrowers alone: the lowest at which they stay in the budget.
    """
    healthy = [history for history in histories if history.outcome.event is None]
    years = sum(history.observed_days for history in healthy) / DAYS_A_YEAR
    levels = sorted({figure for history in histories for figure in history.figures})
    if not years or not levels:
        return None

    def rate(cut: float) -> float:
        return sum(len(alerts_above(history, cut, silence_days)) for history in healthy) / years

    low, high = 0, len(levels) - 1
    if rate(levels[high]) > budget:
        return BudgetFigures(budget, levels[high], rate(levels[high]), 0, 0, None)
    for _ in range(SEARCH_STEPS):
        if low >= high:
            break
        middle = (low + high) // 2
        low, high = (low, middle) if rate(levels[middle]) <= budget else (middle + 1, high)
    cut = levels[high]
    failing = [history for history in histories if history.outcome.event is not None]
    leads = [
        lead
        for history in failing
        if (lead := _lead_above(history, cut, silence_days, horizon_days)) is not None
    ]
    return BudgetFigures(budget, cut, rate(cut), len(leads), len(failing), quartiles(leads))


def quartiles(figures: Iterable[int]) -> Quartiles:
    """Return the quartiles, interpolated between neighbours; ``None`` of nothing."""
    ordered = sorted(figures)
    if not ordered:
        return None
    return _quantile(ordered, 0.25), _quantile(ordered, 0.5), _quantile(ordered, 0.75)


def _quantile(ordered: list[int], share: float) -> float:
    position = share * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def _recall(failing: list[tuple[StateHistory, int | None]], days: int) -> float | None:
    observed = [
        lead
        for history, lead in failing
        if history.outcome.event is not None and history.outcome.event - history.days[0] >= days
    ]
    return _share(sum(lead is not None and lead >= days for lead in observed), len(observed))


def _right(alerts: list[tuple[BorrowerOutcome, int]], ahead: int, horizon: int) -> int:
    return sum(is_right(outcome, day, horizon, ahead) for outcome, day in alerts)


def _warned_in_trouble(history: StateHistory, severity: int) -> bool:
    start = history.outcome.distress
    if history.outcome.event is not None or start is None:
        return False
    for day, now in zip(history.days, history.severities, strict=True):
        if now >= severity and day >= start:
            return True
    return False


def _lead_above(history: StateHistory, cut: float, silence: int, horizon: int) -> int | None:
    event = history.outcome.event
    if event is None:
        return None
    alerts = alerts_above(history, cut, silence)
    return max((event - day for day in alerts if 0 < event - day <= horizon), default=None)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@dataclass(frozen=True, slots=True)
class Scored:
    """One row: whose, its score, and whether the event came within the horizon."""

    borrower_id: str
    figure: float
    failed: bool


@dataclass(frozen=True, slots=True)
class Ranking:
    """The result; ``auc`` and its bounds are ``None`` where one of the two kinds is missing."""

    rows: int
    failing_rows: int
    borrowers: int
    auc: float | None
    low: float | None
    high: float | None
    recall_at: dict[float, float]


def rank(rows: Sequence[Scored], false_alarms: Sequence[float] = (0.05, 0.10)) -> Ranking:
    """Return how well the figure separates the rows."""
    bad = sorted(row.figure for row in rows if row.failed)
    good = sorted(row.figure for row in rows if not row.failed)
    borrowers = len({row.borrower_id for row in rows})
    if not bad or not good:
        return Ranking(len(rows), len(bad), borrowers, None, None, None, {})
    auc, error = _area(rows, bad, good)
    return Ranking(
        rows=len(rows),
        failing_rows=len(bad),
        borrowers=borrowers,
        auc=auc,
        low=max(0.0, auc - Z_95 * error),
        high=min(1.0, auc + Z_95 * error),
        recall_at={share: recall_at(bad, good, share) for share in false_alarms},
    )


def auc_of(rows: Sequence[Scored]) -> float | None:
    """Return the area alone."""
    return rank(rows, ()).auc


def _placement(figure: float, others: list[float]) -> float:
    """Return the share of the others below the figure, ties counting half."""
    below, upto = bisect_left(others, figure), bisect_right(others, figure)
    return (below + upto) / 2 / len(others)


def _area(rows: Sequence[Scored], bad: list[float], good: list[float]) -> tuple[float, float]:
    """Return the area and its standard error, rows of one borrower taken together."""
    area = sum(_placement(figure, good) for figure in bad) / len(bad)
    of_bad: dict[str, float] = {}
    of_good: dict[str, float] = {}
    for row in rows:
        if row.failed:
            placed = _placement(row.figure, good) - area
            of_bad[row.borrower_id] = of_bad.get(row.borrower_id, 0.0) + placed
        else:
            placed = 1 - _placement(row.figure, bad) - area
            of_good[row.borrower_id] = of_good.get(row.borrower_id, 0.0) + placed
    both = sum(of_bad[count] * of_good[count] for count in of_bad.keys() & of_good.keys())
    clusters = len(of_bad.keys() | of_good.keys())
    variance = (
        _corrected(len(of_bad)) * sum(count * count for count in of_bad.values()) / len(bad) ** 2
        + _corrected(len(of_good))
        * sum(count * count for count in of_good.values())
        / len(good) ** 2
        + 2 * _corrected(clusters) * both / (len(bad) * len(good))
    )
    return area, math.sqrt(max(0.0, variance))


def _corrected(clusters: int) -> float:
    return clusters / (clusters - 1) if clusters > 1 else 1.0


def recall_at(bad: list[float], good: list[float], share: float) -> float:
    """Return the share of failing rows at or above a cut that at most `share` of the others reach.

    Both lists are in ascending order. Rows at the cut count on neither side unless all of them fit.
    """
    cut = good[len(good) - math.floor(share * len(good)) - 1] if share < 1 else -math.inf
    return (len(bad) - bisect_right(bad, cut)) / len(bad)
