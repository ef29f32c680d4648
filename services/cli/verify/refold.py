"""Refolds one partition of the ledger, event by event in log order.

Nothing is cached, batched or postponed: a day close is folded into every known borrower at once.
What the worker wrote in its other ways must be the same bytes. A borrower that the worker has
isolated is folded up to its mark; what comes after it is counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.cli.verify.due_events import DueEvent, EventKey, fingerprint
from services.scoring.adapters import state_bytes
from services.scoring.adapters.assessment_json import SOURCE, risk_event
from services.scoring.adapters.codec import EFFECT_ID_PREFIX, effect_event, effect_id
from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.control import DayClosed, DayCloseWithdrawn
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.fold import Outcome, fold, new_borrower, withdraw_close
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.timeline import Timeline

Close = DayClosed | DayCloseWithdrawn
# The stored bytes of borrowers at the offset of a withdrawal, as if its close had never been.
Bases = Mapping[int, Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class IsolationMark:
    """How far an isolated borrower is folded: its own events, and the day closes."""

    folded_to: int
    closed_offset: int


@dataclass(slots=True)
class RefoldedPartition:
    """One partition after its whole ledger.

    ``assessments`` and ``linked`` are the events that each borrower's ledger leads to: assessments,
    and events for other borrowers; ``arrived`` has the digests of the latter in this ledger.
    ``unfolded`` counts the events behind marks; ``errors`` has what the fold of a borrower raised.
    """

    borrowers: dict[str, Borrower] = field(default_factory=dict)
    assessments: dict[str, list[DueEvent]] = field(default_factory=dict)
    linked: dict[str, list[DueEvent]] = field(default_factory=dict)
    arrived: dict[EventKey, bytes] = field(default_factory=dict)
    closes: list[tuple[int, Close, Context]] = field(default_factory=list)
    events: int = 0
    unfolded: int = 0
    errors: dict[str, str] = field(default_factory=dict)


class Refold:
    """Folds ledger rows in offset order.

    Args:
        bases: For each withdrawal of a close in the ledger; `withdrawals` lists them.
    """

    def __init__(
        self,
        decoder: EventDecoder,
        timeline: Timeline,
        marks: Mapping[str, IsolationMark] | None = None,
        bases: Bases | None = None,
    ) -> None:
        self._decoder = decoder
        self._timeline = timeline
        self._marks = marks or {}
        self._bases = bases or {}
        self.result = RefoldedPartition()

    def take(self, offset: int, raw: bytes) -> None:
        """Fold one row."""
        event = self._decoder.decode(raw)
        self.result.events += 1
        if event.source == SOURCE and event.id.startswith(EFFECT_ID_PREFIX):
            self.result.arrived[event.borrower_id, event.id] = fingerprint(raw)
        if event.borrower_id == EVERYBODY:
            self._timeline.apply_control_event(event)
        if isinstance(event, Close):
            self.result.closes.append((offset, event, self._timeline.context))
            for borrower_id in list(self.result.borrowers):
                self._fold(borrower_id, event, offset, from_close=True)
        elif event.borrower_id != EVERYBODY:
            self.result.borrowers.setdefault(event.borrower_id, new_borrower(event.borrower_id))
            mark = self._marks.get(event.borrower_id)
            if mark is not None and offset > mark.folded_to:
                self.result.unfolded += 1
            else:
                self._fold(event.borrower_id, event, offset, from_close=False)

    def state_after_pending_closes(self, state: bytes, closed_offset: int) -> bytes:
        """Return the stored bytes after the day closes that the sweep has not yet applied."""
        pending = [close for close in self.result.closes if close[0] > closed_offset]
        if not pending:
            return state
        borrower = state_bytes.decode(state)
        for offset, event, context in pending:
            borrower = self._folded(borrower, event, offset, context).borrower
        return state_bytes.encode(borrower)

    def _fold(self, borrower_id: str, event: Event, offset: int, *, from_close: bool) -> None:
        if borrower_id in self.result.errors:
            return
        mark = self._marks.get(borrower_id)
        if from_close and mark is not None and offset > mark.closed_offset:
            return
        try:
            borrower, context = self.result.borrowers[borrower_id], self._timeline.context
            outcome = self._folded(borrower, event, offset, context)
        except Exception as error:  # noqa: BLE001 - a finding about the borrower, whatever it is
            self.result.errors[borrower_id] = f"offset {offset}: {type(error).__name__}: {error}"
            return
        self.result.borrowers[borrower_id] = outcome.borrower
        if outcome.assessment is not None:
            emitted = self.result.assessments.setdefault(borrower_id, [])
            digest = fingerprint(risk_event(outcome.assessment))
            sequence = len(emitted) + 1
            emitted.append(DueEvent(offset, from_close, (borrower_id, sequence), digest))
        for effect in outcome.effects:
            key = effect.subject_id, effect_id(effect)
            digest = fingerprint(effect_event(effect))
            due = DueEvent(offset, from_close, key, digest, effect.is_for_risk)
            self.result.linked.setdefault(borrower_id, []).append(due)

    def _folded(self, borrower: Borrower, event: Event, offset: int, context: Context) -> Outcome:
        if not isinstance(event, DayCloseWithdrawn):
            return fold(borrower, event, context)
        without = state_bytes.decode(self._bases[offset][borrower.borrower_id])
        return withdraw_close(borrower, without, event, context)


class Unwithdrawn:
    """Chooses the rows before a withdrawal that are left when the withdrawn closes never were."""

    def __init__(self, decoder: EventDecoder, withdrawals: Sequence[DayCloseWithdrawn]) -> None:
        self._decoder = decoder
        self._withdrawals = withdrawals

    def keeps(self, raw: bytes) -> bool:
        """Return whether a row is left."""
        event = self._decoder.decode(raw)
        is_withdrawn = any(each.names(event) for each in self._withdrawals)
        return not is_withdrawn and not isinstance(event, DayCloseWithdrawn)


def states_of(refolded: RefoldedPartition) -> dict[str, bytes]:
    """Return the stored bytes of a partition's borrowers."""
    return {name: state_bytes.encode(each) for name, each in refolded.borrowers.items()}
