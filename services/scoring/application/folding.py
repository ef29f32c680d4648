"""Folds events and day closes of one partition into its borrowers, and collects the news.

Used by the worker for batches and sweeps, by as-of queries and by verification: whoever folds,
folds here. Must stay true: before a borrower's event every earlier close of its partition is
folded, in order; whether the sweep or the next event brings a close makes no difference to the
borrower.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.scoring.application.memory import Close
from services.scoring.application.ports import Held, Said
from services.scoring.domain.assess.assessment import Assessment
from services.scoring.domain.assess.effects import Effect
from services.scoring.domain.events.event import Event
from services.scoring.domain.fold import Outcome, fold
from services.scoring.domain.rulebook.context import Context


@dataclass(slots=True)
class News:
    """What folding brought, in the order in which it must leave."""

    said: list[Said] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)


@dataclass(slots=True)
class Placed:
    """An event at its place in the log, with the context that is in force there."""

    offset: int
    event: Event
    context: Context


def apply(held: Held, one: Placed, *, closes: Iterable[Close], news: News) -> None:
    """Fold an event of a borrower, after the closes that come before it."""
    catch_up(held, closes, news=news)
    _take(held, fold(held.borrower, one.event, one.context), one.offset, news)


def catch_up(held: Held, closes: Iterable[Close], *, news: News) -> None:
    """Fold the closes that the borrower does not have yet, each with its own context."""
    for close in closes:
        if close.offset > held.closed_offset:
            outcome = fold(held.borrower, close.event, close.context)
            held.closed_offset = close.offset
            _take(held, outcome, close.offset, news)


def _take(held: Held, outcome: Outcome, offset: int, news: News) -> None:
    held.borrower = outcome.borrower
    if outcome.assessment is not None:
        news.said.append(Said(offset, outcome.assessment, b""))
    news.effects += outcome.effects


def last_said(news: News) -> Assessment | None:
    """Return the newest assessment, or None."""
    return news.said[-1].assessment if news.said else None
