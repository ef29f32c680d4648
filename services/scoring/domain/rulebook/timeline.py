"""Tracks which context is in force at each place of a partition's log.

Whoever folds a log (worker, rebuilding, as-of queries, `tocsin verify`, `tocsin score`) gives every
control event to `apply_control_event`, in log order and before folding it, and then folds with
`context`.

Must stay true:
- an activated rulebook comes into force with the first close of a day that is not before its
  effective date and is later than any day closed before; that close is folded under it, what comes
  before it under the old one. So the switch is at a day boundary and the same for every borrower;
- of several activations that are due at one close, the one with the latest effective date counts,
  and of those with the same date the one that comes last in the log;
- calendars and exchange rates are known from their place in the log on; the next day boundary moves
  the due dates that a calendar moves;
- how stressed the sectors are counts from the next close of a later day on, for two months after it
  was measured; the last figures before a close replace all earlier ones;
- after a close was withdrawn, all of this is as if it had never been in the log;
- a rulebook that is named and not at hand is an error at once, never the old one silently.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from services.scoring.domain.events.control import (
    CalendarPublished,
    DayClosed,
    DayCloseWithdrawn,
    FxPublished,
    RulebookActivated,
    SectorStressPublished,
)
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives import money
from services.scoring.domain.rulebook import calendars
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Rulebook

# For how many days figures about sectors count: the next month, and then one that was missed.
STRESS_DAYS: Final = 62

# Returns the rulebook that an activation names; raises `UnknownRulebook`.
FindRulebook = Callable[[RulebookActivated], Rulebook]


class UnknownRulebook(LookupError):
    """The log names a rulebook that is not at hand, or one whose text is another."""


@dataclass(slots=True)
class Waiting:
    """An activated rulebook that waits for its day boundary."""

    effective_day: int
    rulebook: Rulebook


@dataclass(slots=True)
class Timeline:
    """The control events of one partition so far, as far as they matter from here on."""

    context: Context
    find: FindRulebook
    latest_closed_day: int = 0
    waiting: list[Waiting] = field(default_factory=list)
    has_new_calendar: bool = False
    stress: SectorStressPublished | None = None
    # What a withdrawn close may have moved: all control events but rates.
    log: list[Event] = field(default_factory=list, repr=False)
    initial: Context = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Note the context before the first control event."""
        self.initial = self.context

    def apply_control_event(self, event: Event) -> None:
        """Apply an event that concerns every borrower; any other event changes nothing.

        Raises:
            UnknownRulebook: If it activates a rulebook that is not at hand.
        """
        if isinstance(event, FxPublished):
            self._publish_rates(event)
            return
        self.log.append(event)
        if isinstance(event, DayCloseWithdrawn):
            self._leave_out(event)
        elif isinstance(event, DayClosed):
            if event.closed_day > self.latest_closed_day:
                self.latest_closed_day = event.closed_day
                self._close(event.closed_day)
        elif isinstance(event, RulebookActivated):
            self.waiting.append(Waiting(event.effective_day, self.find(event)))
        elif isinstance(event, SectorStressPublished):
            self.stress = event
        elif isinstance(event, CalendarPublished):
            known = calendars.published(self.context.calendars, event)
            self.context = replace(self.context, calendars=known)
            self.has_new_calendar = True

    def _publish_rates(self, event: FxPublished) -> None:
        quotes = dict(zip(event.currencies, event.rates, strict=True))
        rates = money.with_published(
            self.context.rates, event.base_currency, event.rate_day, quotes
        )
        self.context = replace(self.context, rates=rates)

    def _leave_out(self, withdrawal: DayCloseWithdrawn) -> None:
        """Derive again, without a close, what closes bring into force; rates do not follow them."""
        again = Timeline(self.initial, self.find)
        for event in self.log:
            if not (withdrawal.names(event) or isinstance(event, DayCloseWithdrawn)):
                again.apply_control_event(event)
        self.context = replace(again.context, rates=self.context.rates)
        self.latest_closed_day, self.waiting = again.latest_closed_day, again.waiting
        self.has_new_calendar, self.stress = again.has_new_calendar, again.stress
        self.log = again.log

    def _close(self, day: int) -> None:
        """Bring into force what waits for a day boundary."""
        if self.waiting:
            self._begin_day(day)
        if self.has_new_calendar:
            self.has_new_calendar = False
            self.context = replace(self.context, calendars_day=day)
        if self.stress is not None:
            published, self.stress = self.stress, None
            self.context = replace(
                self.context,
                sector_z=published.z_micro,
                stress_day=day,
                stress_until=published.measured_day + STRESS_DAYS,
            )

    def _begin_day(self, closed_day: int) -> None:
        due = [activation for activation in self.waiting if activation.effective_day <= closed_day]
        if not due:
            return
        self.waiting = [
            activation for activation in self.waiting if activation.effective_day > closed_day
        ]
        latest = max(waiting.effective_day for waiting in due)
        chosen = [waiting.rulebook for waiting in due if waiting.effective_day == latest][-1]
        self.context = replace(self.context, rulebook=chosen, since_day=closed_day)
