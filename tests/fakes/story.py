"""A borrower's life in a few lines: builds domain events and folds them.

The builder of domain events in the tests; `wire_events` builds events as senders write them. The
steps are in `story_steps`.
"""

from copy import copy
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any, Self

from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.adapters.state_bytes import decode, encode
from services.scoring.domain.assess.assessment import Assessment
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import FLAG_NAMES, STATE_NAMES
from services.scoring.domain.events import control, credit_file
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.fold import fold, new_borrower
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.primitives import vocabulary
from services.scoring.domain.primitives.measurement import MICRO, Measurement
from services.scoring.domain.primitives.money import SCALE
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Rulebook, Rules
from services.scoring.domain.rulebook.timeline import Timeline
from tests.fakes.event_defaults import DEFAULTS
from tests.fakes.measured import note, note_level
from tests.fakes.story_steps import AccountSteps, CreditFileSteps, Head, LoanSteps
from tests.fakes.units import DAY_US, UNIX_DAY, day

SOURCE = "core"
EVERYTHING_ON = "everything on"


@cache
def context(rulebook: str = "reference") -> Context:
    """Return a context with a shipped rulebook, or with every indicator switched on.

    Everything on is `reference`, with what only `default` measures, learns from seasons and counts
    as one fact; one sector (industry 94) is under stress.
    """
    if rulebook != EVERYTHING_ON:
        return Context(load_rulebook(rulebook))
    written, added = load_rulebook("reference"), load_rulebook("default")
    known = {**added.indicators, **written.indicators}
    enabled = {slot: replace(rule, enabled=True) for slot, rule in known.items()}
    everything = replace(
        written,
        indicators=enabled,
        facts=added.facts,
        season_months=added.season_months,
        resolved={},
    )
    return Context(everything, sector_z={"94": 2_500_000}, stress_until=day("2100-01-01"))


def _no_other_rulebook(activation: control.RulebookActivated) -> Rulebook:
    raise LookupError(activation.name)


class Story(LoanSteps, AccountSteps, CreditFileSteps):
    """One borrower and everything that happens to it, in log order."""

    def __init__(self, segment: str = "SME", start: str = "2024-01-01", **profile: str) -> None:
        """Register the borrower on the start day."""
        self.borrower: Borrower = new_borrower("b-1")
        self.assessments: list[Assessment] = []
        self.log: list[Event] = []
        self.today = day(start)
        self.rulebook = profile.get("rulebook", "reference")
        self.timeline = Timeline(context(self.rulebook), _no_other_rulebook)
        self._count = 0
        self.happens(
            credit_file.BorrowerRegistered,
            segment=vocabulary.SEGMENTS.index(segment),
            reporting_currency=profile.get("currency", "EUR"),
            industry_code=profile.get("industry", ""),
            account_ids=profile["accounts"].split() if "accounts" in profile else [],
        )

    def fork(self) -> Self:
        """Return a copy that goes on from here independently."""
        other = copy(self)
        other.borrower = decode(encode(self.borrower))
        other.timeline = replace(self.timeline, waiting=list(self.timeline.waiting))
        other.log, other.assessments = list(self.log), list(self.assessments)
        return other

    # Events and days.

    def head(self, corrects: str | None = None, kind: str = "") -> Head:
        """Return the head of the next event, booked today."""
        self._count += 1
        at_us = (self.today - UNIX_DAY) * DAY_US + 43_200_000_000 + self._count
        code = vocabulary.CORRECTION_KINDS.index(kind)
        return SOURCE, f"e{self._count}", "b-1", at_us, self.today, corrects, code

    def control_head(self) -> Head:
        """Return the head of the next event for every borrower."""
        source, event_id, _, *rest = self.head()
        return source, event_id, EVERYBODY, *rest  # type: ignore[return-value]

    def happens(self, kind: type[Event], /, head: Head | None = None, **fields: object) -> str:
        """Fold an event with the given fields and the defaults of its type; return its id."""
        values: dict[str, Any] = {**DEFAULTS.get(kind, {}), **fields}
        return self.apply(kind(*(head or self.head()), **values))

    def apply(self, event: Event) -> str:
        """Fold an event along the partition's timeline; return its id."""
        self.log.append(event)
        if event.borrower_id == EVERYBODY or isinstance(event, control.DayClosed):
            self.timeline.apply_control_event(event)
            if not isinstance(event, control.DayClosed):
                return event.id
        outcome = fold(self.borrower, event, self.timeline.context)
        self.borrower = outcome.borrower
        if outcome.assessment is not None:
            self.assessments.append(outcome.assessment)
        return event.id

    def on(self, text: str) -> Self:
        """Close every day before the date and go on on it."""
        target = day(text)
        while self.today < target:
            self.close()
        return self

    def close(self) -> None:
        """Close today; tomorrow begins."""
        self.happens(control.DayClosed, closed_day=self.today)
        self.today += 1

    def close_through(self, text: str) -> Self:
        """Close every day up to and including the date, as the bank's clock would."""
        target = day(text)
        while self.today <= target:
            self.close()
        return self

    # Control events.

    def calendar(self, *holidays: str, name: str = "DE", since: str = "2024-01-01") -> str:
        """Publish the holidays of a year from the date on."""
        first = day(since)
        days = [day(text) for text in holidays]
        head = self.control_head()
        return self.apply(control.CalendarPublished(*head, name, first, first + 366, days))

    def rate(self, currency: str, rate: str, on: str | None = None, base: str = "EUR") -> str:
        """Publish the value of one unit of a currency in the base currency."""
        value = int(Decimal(rate) * SCALE)
        head = self.control_head()
        return self.apply(
            control.FxPublished(
                *head, self.today if on is None else day(on), base, [currency], [value]
            )
        )

    # Results.

    @property
    def rules(self) -> Rules:
        """Return the rules that apply to the borrower."""
        return context(self.rulebook).rules_for(self.borrower)

    @property
    def latest(self) -> Assessment:
        """Return the newest assessment."""
        return self.assessments[-1]

    @property
    def state(self) -> str:
        """Return the state's name."""
        return STATE_NAMES[self.borrower.risk.state]

    @property
    def flags(self) -> set[str]:
        """Return the names of the flags that are set."""
        mask = self.borrower.risk.flags
        return {name for bit, name in enumerate(FLAG_NAMES) if mask >> bit & 1}

    @property
    def days(self) -> tuple[int, int, int]:
        """Return days late, days in arrears and regulatory days."""
        counters = self.borrower.counters
        return counters.late_days, counters.operational_days, counters.regulatory_days

    def measure(self, indicator_id: str, as_of: int | None = None) -> Measurement:
        """Measure one indicator as of the last closed day, or today before any close."""
        closed = self.borrower.counters.closed_day
        measured = BY_ID[indicator_id].measure(
            self.borrower, as_of or closed or self.today, self.rules
        )
        return note(indicator_id, measured)

    def figure(self, indicator_id: str, component: int = 0) -> float:
        """Return a measured figure as a plain number."""
        value = self.measure(indicator_id).values[component]
        assert value is not None
        return value / MICRO

    def level(self, indicator_id: str) -> int:
        """Return the level that the fold gave an indicator at the last event."""
        as_of = max(self.log[-1].day, self.borrower.counters.closed_day)
        self.measure(indicator_id, as_of)
        return note_level(indicator_id, self.borrower.signals.level[BY_ID[indicator_id].slot])
