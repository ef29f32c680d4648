"""Folds one partition of the ledger afresh, event by event in log order.

Nothing is cached, batched or postponed: a day close is folded into every known borrower the
moment it comes. What the worker wrote by other ways must be the same bytes.
"""

from dataclasses import dataclass, field
from hashlib import blake2b

from services.cli.verify.told import Name, Told
from services.scoring.adapters import state_bytes
from services.scoring.adapters.assessment_json import SOURCE, risk_event
from services.scoring.adapters.codec import TOLD, effect_event, effect_id
from services.scoring.adapters.wire import Decoder
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.control import DayClosed
from services.scoring.domain.events.event import EVERYBODY, Event
from services.scoring.domain.fold import fold, new_borrower
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.timeline import Timeline

DIGEST_BYTES = 16


@dataclass(slots=True)
class Expected:
    """One risk event that must exist: where it was caused, and the digest of its bytes."""

    offset: int
    from_close: bool
    digest: bytes


@dataclass(slots=True)
class Refolded:
    """One partition after its whole ledger."""

    borrowers: dict[str, Borrower] = field(default_factory=dict)
    said: dict[str, list[Expected]] = field(default_factory=dict)
    told: dict[str, list[Told]] = field(default_factory=dict)
    came: dict[Name, bytes] = field(default_factory=dict)
    closes: list[tuple[int, DayClosed, Context]] = field(default_factory=list)
    events: int = 0


class Refolding:
    """Takes ledger rows in offset order."""

    def __init__(self, decoder: Decoder, timeline: Timeline) -> None:
        self._decoder = decoder
        self._timeline = timeline
        self.result = Refolded()

    def take(self, offset: int, raw: bytes) -> None:
        """Fold one row."""
        event = self._decoder.decode(raw)
        self.result.events += 1
        if event.source == SOURCE and event.id.startswith(TOLD):
            self.result.came[event.borrower_id, event.id] = fingerprint(raw)
        if event.borrower_id == EVERYBODY:
            self._timeline.hear(event)
        if isinstance(event, DayClosed):
            self.result.closes.append((offset, event, self._timeline.context))
            for borrower_id in list(self.result.borrowers):
                self._fold(borrower_id, event, offset, from_close=True)
        elif event.borrower_id != EVERYBODY:
            self.result.borrowers.setdefault(event.borrower_id, new_borrower(event.borrower_id))
            self._fold(event.borrower_id, event, offset, from_close=False)

    def stored_as_of_now(self, state: bytes, closed_offset: int) -> bytes:
        """Return the stored bytes after the day closes that the sweep has not brought yet."""
        pending = [one for one in self.result.closes if one[0] > closed_offset]
        if not pending:
            return state
        borrower = state_bytes.decode(state)
        for _, event, context in pending:
            borrower = fold(borrower, event, context).borrower
        return state_bytes.encode(borrower)

    def _fold(self, borrower_id: str, event: Event, offset: int, *, from_close: bool) -> None:
        outcome = fold(self.result.borrowers[borrower_id], event, self._timeline.context)
        self.result.borrowers[borrower_id] = outcome.borrower
        if outcome.assessment is not None:
            digest = fingerprint(risk_event(outcome.assessment))
            expected = Expected(offset, from_close, digest)
            self.result.said.setdefault(borrower_id, []).append(expected)
        for effect in outcome.effects:
            written = effect_event(effect)
            name = effect.subject_id, effect_id(effect)
            one = Told(offset, from_close, name, effect.is_for_risk, fingerprint(written))
            self.result.told.setdefault(borrower_id, []).append(one)


def fingerprint(raw: bytes) -> bytes:
    """Return what stands for the bytes of a risk event."""
    return blake2b(raw, digest_size=DIGEST_BYTES).digest()
