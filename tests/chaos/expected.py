"""The independent fold: of what was offered, line by line, with no broker and no database.

Every line once, in the order in which it was offered; a day close goes to every borrower known
by then. What the system stored and published must be these bytes.
"""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from services.scoring.adapters import state_bytes
from services.scoring.adapters.assessment_json import risk_event
from services.scoring.adapters.rulebook_yaml import load_rulebook
from services.scoring.adapters.wire import Decoder
from services.scoring.domain.context import Context
from services.scoring.domain.events import DayClosed, Event
from services.scoring.domain.facts import Borrower
from services.scoring.domain.fold import fold, new_borrower


@dataclass(slots=True)
class Expected:
    """Each borrower's state and risk events, as they must be."""

    borrowers: dict[str, Borrower] = field(default_factory=dict)
    risk: dict[str, list[bytes]] = field(default_factory=dict)

    def state(self, borrower_id: str) -> bytes:
        """Return the bytes that must be stored."""
        return state_bytes.encode(self.borrowers[borrower_id])

    def take(self, event: Event, borrower_id: str, context: Context) -> None:
        """Fold one event into one borrower."""
        before = self.borrowers.get(borrower_id) or new_borrower(borrower_id)
        outcome = fold(before, event, context)
        self.borrowers[borrower_id] = outcome.borrower
        if outcome.assessment is not None:
            self.risk.setdefault(borrower_id, []).append(risk_event(outcome.assessment))


def fold_offered(lines: list[bytes], *, timezone: str, rulebook: str) -> Expected:
    """Fold what was offered."""
    decoder, context = Decoder(ZoneInfo(timezone)), Context(load_rulebook(rulebook))
    expected = Expected()
    for line in lines:
        event = decoder.decode(line)
        if isinstance(event, DayClosed):
            for borrower_id in list(expected.borrowers):
                expected.take(event, borrower_id, context)
        else:
            expected.take(event, event.borrower_id, context)
    return expected
