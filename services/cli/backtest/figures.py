"""Recall, precision, lead and alert burden of each state, for any set of borrowers.

Counted from the states at the closes before each borrower's event. Must stay true: a warning is
never older than the trouble it warns of, so a borrower who stood in ATTENTION for years without
reason brings no lead; what is told on the day of the event or later does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.cli.backtest.outcomes import Outcome
from services.cli.evaluate.early import DAYS_A_MONTH, STATES, Quartiles
from services.cli.evaluate.histories import History, entries, lead_days, quantiles


@dataclass(frozen=True, slots=True)
class Watched:
    """One borrower: what happened, and its states close by close before that."""

    outcome: Outcome
    history: History


@dataclass(frozen=True, slots=True)
class StateWorth:
    """What one state (or a worse one) was worth; shares are 0 to 1, ``None`` of nothing.

    Args:
        warned: Events before which the borrower was in it, in a spell that led up to the event.
        leads: Quartiles of the days from the warning, or from the beginning of the trouble if that
            came later, to the event.
        in_trouble_warned: Of the borrowers in trouble who had no event, how many were in it then.
        entries: Times that any borrower came into it.
        entries_right: Those about a borrower in trouble, or with an event within the horizon.
        healthy_ever: Share of the healthy borrowers who were ever in it.
        healthy_time: Share of the healthy borrowers' time in it.
    """

    state: str
    warned: int
    leads: Quartiles
    in_trouble_warned: int
    entries: int
    entries_right: int
    entries_per_100_months: float | None
    healthy_ever: float | None
    healthy_time: float | None


@dataclass(frozen=True, slots=True)
class GroupWorth:
    """The figures of one set of borrowers."""

    name: str
    borrowers: int
    events: int
    in_trouble: int
    healthy: int
    months: float
    states: list[StateWorth]


SEVERITIES: Final = tuple(STATES.items())


def worth(name: str, watched: Sequence[Watched], horizon_days: int) -> GroupWorth:
    """Return the figures of these borrowers."""
    months = sum(one.history.observed_days for one in watched) / DAYS_A_MONTH
    return GroupWorth(
        name=name,
        borrowers=len(watched),
        events=sum(one.outcome.event is not None for one in watched),
        in_trouble=sum(_is_in_trouble(one.outcome) for one in watched),
        healthy=sum(one.outcome.is_healthy for one in watched),
        months=months,
        states=[_state(state, rank, watched, horizon_days, months) for state, rank in SEVERITIES],
    )


def _state(
    state: str, rank: int, watched: Sequence[Watched], horizon: int, months: float
) -> StateWorth:
    healthy = [one.history for one in watched if one.outcome.is_healthy]
    closes = sum(len(one.days) for one in healthy)
    leads = [lead for one in watched if (lead := lead_of(one, rank)) is not None]
    came = [(one.outcome, day) for one in watched for day in entries(one.history, rank)]
    return StateWorth(
        state=state,
        warned=len(leads),
        leads=quantiles(leads),
        in_trouble_warned=sum(
            _is_in_trouble(one.outcome) and _seen_in_trouble(one, rank) for one in watched
        ),
        entries=len(came),
        entries_right=sum(is_right(outcome, day, horizon) for outcome, day in came),
        entries_per_100_months=100 * len(came) / months if months else None,
        healthy_ever=_share(sum(max(one.ranks) >= rank for one in healthy), len(healthy)),
        healthy_time=_share(sum(now >= rank for one in healthy for now in one.ranks), closes),
    )


def lead_of(one: Watched, rank: int) -> int | None:
    """Return the days from the warning to the event, ``None`` where none led up to it."""
    event, distress = one.outcome.event, one.outcome.distress
    if event is None:
        return None
    lead = lead_days(one.history, rank)
    return lead if lead is None or distress is None else min(lead, event - distress)


def is_right(outcome: Outcome, day: int, horizon_days: int) -> bool:
    """Return whether an entry on the day was about something real."""
    if outcome.distress is not None and day >= outcome.distress:
        return True
    return outcome.event is not None and day < outcome.event <= day + horizon_days


def _is_in_trouble(outcome: Outcome) -> bool:
    return outcome.event is None and outcome.distress is not None


def _seen_in_trouble(one: Watched, rank: int) -> bool:
    began = one.outcome.distress
    return began is not None and any(
        now >= rank and day >= began
        for day, now in zip(one.history.days, one.history.ranks, strict=True)
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
