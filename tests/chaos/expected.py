"""The independent fold: of what was offered, line by line, with no broker and no database.

Every line counts once, in the order in which it was offered; a day close applies to every borrower
so far. The system must have stored and published exactly these bytes. It runs in a process of its
own, while the system finishes.
"""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from services.scoring.adapters import state_bytes
from services.scoring.adapters.assessment_json import risk_event
from services.scoring.adapters.codec import effect_event, effect_id
from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.control import DayClosed
from services.scoring.domain.events.event import Event
from services.scoring.domain.fold import fold, new_borrower
from services.scoring.domain.rulebook.context import Context


@dataclass(frozen=True, slots=True)
class Expected:
    """The stored bytes and risk events that each borrower must have."""

    states: dict[str, bytes]
    risk: dict[str, list[bytes]]
    reminders: dict[str, bytes]
    """Other events on the risk topic, by id."""


@dataclass(slots=True)
class Folding:
    """The borrowers while they are folded."""

    borrowers: dict[str, Borrower] = field(default_factory=dict)
    risk: dict[str, list[bytes]] = field(default_factory=dict)
    reminders: dict[str, bytes] = field(default_factory=dict)

    def take(self, event: Event, borrower_id: str, context: Context) -> None:
        """Folds one event into one borrower."""
        before = self.borrowers.get(borrower_id) or new_borrower(borrower_id)
        outcome = fold(before, event, context)
        self.borrowers[borrower_id] = outcome.borrower
        if outcome.assessment is not None:
            self.risk.setdefault(borrower_id, []).append(risk_event(outcome.assessment))
        for effect in outcome.effects:
            if not effect.is_for_risk:
                raise ValueError(
                    f"{borrower_id} emits a linked event for {effect.subject_id}, and its order "
                    "among other events cannot be predicted; use a portfolio without links"
                )
            self.reminders[effect_id(effect)] = effect_event(effect)


def fold_offered(lines: list[bytes], *, timezone: str, rulebook: str) -> Expected:
    """Folds what was offered."""
    decoder, context = EventDecoder(ZoneInfo(timezone)), Context(load_rulebook(rulebook))
    folding = Folding()
    for line in lines:
        event = decoder.decode(line)
        if isinstance(event, DayClosed):
            for borrower_id in list(folding.borrowers):
                folding.take(event, borrower_id, context)
        else:
            folding.take(event, event.borrower_id, context)
    states = {name: state_bytes.encode(each) for name, each in folding.borrowers.items()}
    return Expected(states, folding.risk, folding.reminders)
