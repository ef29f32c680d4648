"""Scores a file of events in one process, without broker and database, by the same pure fold.

`tocsin score`, `backtest`, `rulebook what-if` and `rulebook calibrate` use it. Invariant: the
results are those of the worker for the same events in the same order. Events are in booking order;
a file that goes back in time is refused, because the results would silently depend on its order.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from hashlib import blake2b
from heapq import merge
from itertools import count
from operator import itemgetter
from typing import IO, Final

from services.contracts.statement import is_balanced
from services.scoring.adapters.codec import effect_event
from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.adapters.wire.values import EPOCH, ONE_US, Undecodable
from services.scoring.application.rebuilding import refold, unwithdrawn
from services.scoring.domain.assess.assessment import Assessment, Cause, EmittedChanges
from services.scoring.domain.assess.effects import Effect
from services.scoring.domain.assess.explain import snapshot
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.decisions import RELAX
from services.scoring.domain.events.control import DayClosed, DayCloseWithdrawn, RulebookActivated
from services.scoring.domain.events.credit_file import OverrideApproved, StatementReceived
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.fold import Outcome, fold, new_borrower, withdraw_close
from services.scoring.domain.handlers.registry import type_name
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Rulebook, Rules
from services.scoring.domain.rulebook.timeline import FindRulebook, Timeline, UnknownRulebook
from services.scoring.domain.views.statements import LINE_OF

CLOCK: Final = "tocsin/clock"
DAY_CLOSED: Final = b'"day.closed.'
DAY_CLOSE_WITHDRAWN: Final = b'"day-close.withdrawn.'
OFFICER: Final = "officer-of-the-file"
SECOND_PERSON: Final = "approver-of-the-file"
APPROVAL_LASTS_DAYS: Final = 30


class OutOfOrder(ValueError):
    """The file goes back in time; it must be sorted by `time`."""


def closes_its_days(source: IO[bytes]) -> bool:
    """Return whether the file holds `day.closed` events; seeks back to its start."""
    has_closes = any(DAY_CLOSED in line for line in source)
    source.seek(0)
    return has_closes


def withdrawn_closes(source: IO[bytes], zone: tzinfo) -> frozenset[tuple[str, str]]:
    """Return source and id of the closes that the file withdraws; seeks back to its start."""
    decode, withdrawn = EventDecoder(zone).decode, set[tuple[str, str]]()
    for line in source:
        if DAY_CLOSE_WITHDRAWN in line:
            with suppress(Undecodable):
                event = decode(line)
                if isinstance(event, DayCloseWithdrawn):
                    withdrawn.add((event.closed_source, event.closed_id))
    source.seek(0)
    return frozenset(withdrawn)


def no_other_rulebook(activation: RulebookActivated) -> Rulebook:
    """Refuse any rulebook but the one in force from the start."""
    raise UnknownRulebook(
        f"the file activates rulebook {activation.name} {activation.version}, which is not at hand"
    )


def _check_balance(statement: StatementReceived) -> None:
    """Refuse a statement whose sides differ, as ingest does; one without a line is not checked."""
    assets, liabilities, equity = (
        statement.lines[LINE_OF[name]] for name in ("total_assets", "total_liabilities", "equity")
    )
    if assets is None or liabilities is None or equity is None:
        return
    if not is_balanced(Decimal(assets), Decimal(liabilities), Decimal(equity)):
        raise Undecodable(
            "balance_broken: total_assets differs from total_liabilities plus equity by more "
            "than 0.5 %"
        )


@dataclass(slots=True)
class LineCounts:
    """Counts the lines of the file: offered = applied + duplicates + undecodable."""

    offered: int = 0
    applied: int = 0
    duplicates: int = 0
    undecodable: list[tuple[int, str]] = field(default_factory=list)
    days_closed: int = 0


@dataclass(slots=True)
class ScoredBorrower:
    """One borrower right after an event or a day close, and its last emitted assessment."""

    borrower: Borrower
    as_of: int
    at_us: int
    cause: Cause
    is_day_close: bool
    assessment: Assessment | None
    last_emitted: EmittedChanges | None = None


@dataclass(slots=True)
class OfflineSettings:
    """How a file is read.

    Args:
        zone: The bank's time zone.
        closes_days: Close days as the dates of the events pass; False if the file closes them.
        as_of: The last business date: later events are left out, and days are closed up to it.
            ``None`` reads everything; the day of the last event then stays open.
        is_log: The lines are a log in the order in which they were applied, late events included.
            Otherwise a file that goes back in time is refused.
        withdrawn: Source and id of the closes that the file withdraws. Their dates are wrong, so
            they are neither out of order nor after the end.
        leaves_out_withdrawn: They are not folded at all, for figures that a wrong close must not
            move. Otherwise each is folded until it is withdrawn, as the worker does.
        approves_exits: Two people approve every relaxation on the day it is proposed. Otherwise a
            state that only people can end lasts until an event of the file ends it.
    """

    zone: tzinfo
    closes_days: bool = True
    as_of: int | None = None
    is_log: bool = False
    withdrawn: frozenset[tuple[str, str]] = frozenset()
    leaves_out_withdrawn: bool = False
    approves_exits: bool = False


def for_file(settings: OfflineSettings, source: IO[bytes]) -> OfflineSettings:
    """Return the settings with what the file itself closes and withdraws."""
    return replace(
        settings,
        closes_days=not closes_its_days(source),
        withdrawn=withdrawn_closes(source, settings.zone),
    )


class OfflineScorer:
    """Folds all borrowers of a file, line by line."""

    def __init__(
        self,
        rulebook: Rulebook,
        settings: OfflineSettings,
        *,
        find: FindRulebook = no_other_rulebook,
    ) -> None:
        """Start without borrowers; `find` returns the rulebooks that the file activates."""
        self.borrowers: dict[str, Borrower] = {}
        self.counts = LineCounts()
        self._initial, self._find = Context(rulebook), find
        self._timeline = self._begin()
        self._settings = settings
        self._decoder = EventDecoder(settings.zone)
        self._seen: set[bytes] = set()
        self._latest: dict[str, ScoredBorrower] = {}
        self._last_us = 0
        self._open_day = 0
        self._effects: deque[Effect] = deque()
        # Borrowers that the file only names in a link: they are folded and never shown.
        self._link_only: set[str] = set()
        # The log so far, of each borrower and for all, if something is withdrawn from it later.
        self._own: dict[str, list[tuple[int, Event]]] = {}
        self._control: list[tuple[int, Event]] = []
        self._numbers = count()

    def fold_lines(self, lines: Iterable[bytes]) -> Iterator[ScoredBorrower]:
        """Fold the lines and yield each borrower after an event or a day close of it.

        Raises:
            OutOfOrder: If a line is earlier than the line above it.
            UnknownRulebook: If a line activates a rulebook that `find` does not have.
        """
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            self.counts.offered += 1
            event = self._decoded(number, line)
            if event is None:
                continue
            if self._is_after_the_end(event):
                self.counts.offered -= 1
                break
            if not self._settings.is_log:
                self._check_order(number, event)
            if self._is_duplicate(event):
                self.counts.duplicates += 1
                continue
            self.counts.applied += 1
            yield from self._apply(event)
        yield from self._close_to_the_end()

    def _decoded(self, number: int, line: bytes) -> Event | None:
        try:
            event = self._decoder.decode(line)
            if isinstance(event, StatementReceived) and not self._settings.is_log:
                _check_balance(event)
        except Undecodable as error:
            self.counts.undecodable.append((number, str(error)))
            return None
        return event

    def _is_withdrawn(self, event: Event) -> bool:
        is_named = (event.source, event.id) in self._settings.withdrawn
        return is_named and isinstance(event, DayClosed)

    def _is_after_the_end(self, event: Event) -> bool:
        as_of = self._settings.as_of
        if as_of is None or self._is_withdrawn(event):
            return False
        if isinstance(event, DayClosed):
            return event.closed_day > as_of
        return event.day > as_of

    def _check_order(self, number: int, event: Event) -> None:
        if self._is_withdrawn(event):
            return
        if event.at_us < self._last_us:
            raise OutOfOrder(
                f"line {number}: time {_moment(event.at_us)} lies before the line above "
                f"({_moment(self._last_us)})"
            )
        self._last_us = event.at_us

    def _is_duplicate(self, event: Event) -> bool:
        key = blake2b(f"{event.source}\n{event.id}".encode(), digest_size=16).digest()
        if key in self._seen:
            return True
        self._seen.add(key)
        return False

    def _apply(self, event: Event) -> Iterator[ScoredBorrower]:
        is_withdrawal = isinstance(event, DayCloseWithdrawn)
        if self._settings.leaves_out_withdrawn and (is_withdrawal or self._is_withdrawn(event)):
            return
        if isinstance(event, DayClosed):
            yield from self._close(event)
            return
        if self._settings.closes_days:
            yield from self._close_until(event.day - 1)
        if isinstance(event, DayCloseWithdrawn):
            yield from self._withdraw(event)
            return
        if event.borrower_id == EVERYBODY:
            self._apply_control_event(event)
            return
        self._open_day = max(self._open_day, event.day)
        self._link_only.discard(event.borrower_id)
        yield self._fold(self._borrower(event.borrower_id), event, is_day_close=False)
        yield from self._deliver_effects()

    def _begin(self) -> Timeline:
        return Timeline(self._initial, self._find)

    def _apply_control_event(self, event: Event) -> None:
        self._timeline.apply_control_event(event)
        if self._settings.withdrawn:
            self._control.append((next(self._numbers), event))

    def _withdraw(self, event: DayCloseWithdrawn) -> Iterator[ScoredBorrower]:
        """Leave a close out from here on: each borrower is folded again without it."""
        self._apply_control_event(event)
        context = self._timeline.context
        for name, borrower in list(self.borrowers.items()):
            log = unwithdrawn(merge(self._own[name], self._control, key=itemgetter(0)), event)
            without = refold(name, log, begin=self._begin).cached.borrower
            outcome = withdraw_close(borrower, without, event, context)
            scored = self._scored(event, outcome, is_day_close=True)
            if name not in self._link_only:
                yield scored
        yield from self._deliver_effects()

    def _borrower(self, borrower_id: str) -> Borrower:
        borrower = self.borrowers.get(borrower_id)
        if borrower is None:
            borrower = self.borrowers[borrower_id] = new_borrower(borrower_id)
        return borrower

    def _deliver_effects(self) -> Iterator[ScoredBorrower]:
        """Apply the events that borrowers cause at each other, as the events topic would."""
        while self._effects:
            event = self._decoder.decode(effect_event(self._effects.popleft()))
            if self._is_duplicate(event):
                continue
            if event.borrower_id not in self.borrowers:
                self._link_only.add(event.borrower_id)
            scored = self._fold(self._borrower(event.borrower_id), event, is_day_close=False)
            if event.borrower_id not in self._link_only:
                yield scored

    def _fold(self, borrower: Borrower, event: Event, *, is_day_close: bool) -> ScoredBorrower:
        if self._settings.withdrawn and not is_day_close:
            self._own.setdefault(borrower.borrower_id, []).append((next(self._numbers), event))
        outcome = fold(borrower, event, self._timeline.context)
        return self._scored(event, outcome, is_day_close=is_day_close)

    def _scored(self, event: Event, outcome: Outcome, *, is_day_close: bool) -> ScoredBorrower:
        borrower = self.borrowers[outcome.borrower.borrower_id] = outcome.borrower
        self._effects += [effect for effect in outcome.effects if not effect.is_for_risk]
        scored = ScoredBorrower(
            borrower=borrower,
            as_of=max(event.day if not is_day_close else 0, borrower.counters.closed_day),
            at_us=event.at_us,
            cause=Cause(event.source, event.id, type_name(event)),
            is_day_close=is_day_close,
            assessment=outcome.assessment,
            last_emitted=self._last_emitted(borrower.borrower_id, outcome.assessment),
        )
        self._latest[borrower.borrower_id] = scored
        return scored

    def _last_emitted(self, borrower_id: str, emitted: Assessment | None) -> EmittedChanges | None:
        if emitted is not None:
            return EmittedChanges(emitted.as_of, emitted.changes)
        before = self._latest.get(borrower_id)
        return before.last_emitted if before is not None else None

    def _close_until(self, last: int) -> Iterator[ScoredBorrower]:
        while self._open_day and self._open_day <= last:
            yield from self._close(self._day_closed(self._open_day))
            self._open_day += 1

    def _close(self, event: DayClosed) -> Iterator[ScoredBorrower]:
        self.counts.days_closed += 1
        self._apply_control_event(event)
        for name, borrower in list(self.borrowers.items()):
            scored = self._fold(borrower, event, is_day_close=True)
            if name not in self._link_only:
                yield scored
            if self._settings.approves_exits and _is_proposed(scored):
                self._fold(scored.borrower, _approval(scored), is_day_close=False)
        yield from self._deliver_effects()

    def _day_closed(self, day: int) -> DayClosed:
        midnight = datetime.combine(
            date.fromordinal(day + 1), datetime.min.time(), tzinfo=self._settings.zone
        )
        return DayClosed(
            source=CLOCK,
            id=f"day-closed:{date.fromordinal(day).isoformat()}",
            borrower_id="*",
            at_us=(midnight.astimezone(UTC) - EPOCH) // ONE_US,
            day=day,
            corrects_id=None,
            correction_kind=0,
            closed_day=day,
        )

    def _close_to_the_end(self) -> Iterator[ScoredBorrower]:
        if self._settings.closes_days and self._settings.as_of is not None:
            yield from self._close_until(self._settings.as_of)

    def latest(self) -> Iterator[ScoredBorrower]:
        """Yield every borrower at the end, in the order of first appearance."""
        for borrower_id in self.borrowers:
            if borrower_id not in self._link_only:
                yield self._latest[borrower_id]

    def snapshot(self, scored: ScoredBorrower) -> Assessment:
        """Return the whole assessment of that moment, whether it was emitted or not."""
        rules = self.rules_for(scored.borrower)
        return snapshot(scored.borrower, rules, scored.as_of, scored.at_us, scored.cause)

    def rules_for(self, borrower: Borrower) -> Rules:
        """Return the rules that apply to the borrower."""
        return self._timeline.context.rules_for(borrower)


def _is_proposed(scored: ScoredBorrower) -> bool:
    """Return whether this close proposed to relax."""
    risk = scored.borrower.risk
    return risk.proposed_to >= 0 and risk.proposed_on == scored.as_of


def _approval(proposed: ScoredBorrower) -> OverrideApproved:
    """Return two people's approval of the proposed relaxation; the next close applies it."""
    borrower, day = proposed.borrower, proposed.as_of
    decision_id = f"exit:{borrower.borrower_id}:{day}"
    return OverrideApproved(
        source=CLOCK,
        id=decision_id,
        borrower_id=borrower.borrower_id,
        at_us=proposed.at_us,
        day=day,
        corrects_id=None,
        correction_kind=0,
        override_id=decision_id,
        kind=RELAX,
        state=borrower.risk.proposed_to,
        reason="Approved as proposed",
        proposed_by=OFFICER,
        approved_by=[SECOND_PERSON],
        effective_day=day,
        expires_day=day + APPROVAL_LASTS_DAYS,
        loan_id="",
        points_micro=0,
        flags=0,
        trigger="",
    )


def _moment(at_us: int) -> str:
    return (EPOCH + timedelta(microseconds=at_us)).isoformat()
