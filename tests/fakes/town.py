"""Several borrowers whose effects find their way: each one's fold, nothing of the shell.

Effects for the log of another borrower are written as bytes, read again and folded in the order in
which they were sent, after the event that led to them, as the events topic would bring them.
"""

import json
from collections import deque
from typing import Any

from services.scoring.adapters.codec import build_codec
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.fold import fold, new_borrower
from services.scoring.domain.rulebook.context import Context
from tests.fakes.scoring_worker import ZONE
from tests.fakes.story import context
from tests.fakes.wire_events import closed, event, registered

MOST_STEPS = 10_000
CODEC = build_codec(ZONE)


class Town:
    """A few borrowers and everything that was ever written into their logs."""

    def __init__(self, *names: str, rulebook: str = "reference") -> None:
        self.context: Context = context(rulebook)
        self.borrowers: dict[str, Borrower] = {}
        self.log: list[bytes] = []
        self.sent: list[dict[str, Any]] = []
        self.number = 0
        for name in names:
            self.happens(registered(name))

    def happens(self, raw: bytes) -> None:
        """Fold an event, then whatever it makes the borrowers tell each other."""
        queue = deque([raw])
        steps = 0
        while queue:
            steps += 1
            assert steps < MOST_STEPS, "they never stop talking"
            one = queue.popleft()
            self.log.append(one)
            told = CODEC.decode(one)
            names = list(self.borrowers) if told.borrower_id == "*" else [told.borrower_id]
            for name in names:
                borrower = self.borrowers.setdefault(name, new_borrower(name))
                outcome = fold(borrower, CODEC.decode(one), self.context)
                for effect in outcome.effects:
                    written = CODEC.encode_effect(effect)
                    self.sent.append(json.loads(written))
                    if not effect.is_for_risk:
                        queue.append(written)

    def tell(self, kind: str, name: str, /, *, day: int = 0, **data: Any) -> None:
        """Tell something about a borrower."""
        self.number += 1
        self.happens(event(kind, name, f"{kind}-{self.number}", day=day, **data))

    def guarantees(self, guarantor: str, borrower: str, day: int = 0) -> None:
        """Let one stand in for another."""
        self.tell(
            "guarantor.linked",
            borrower,
            day=day,
            guarantor_borrower_id=guarantor,
            coverage_amount="1000000.00",
            currency="EUR",
            effective_date="2026-01-01",
        )

    def goes_bust(self, name: str, day: int = 1) -> None:
        """Report the insolvency of a borrower."""
        self.report(name, "INSOLVENCY", day)

    def report(self, name: str, kind: str, day: int = 1) -> None:
        """Report something from a court."""
        self.tell(
            "external-delinquency.reported",
            name,
            day=day,
            report_date="2026-01-05",
            reporter="court",
            kind=kind,
        )

    def close(self, day: int) -> None:
        """Close a day for everybody."""
        self.happens(closed(day))

    def state(self, name: str) -> str:
        """Return a borrower's state."""
        return STATE_NAMES[self.borrowers[name].risk.state]

    def heard(self, name: str, of: str) -> str | None:
        """Return the state that a borrower believes another one to be in."""
        known = [one for one in self.borrowers[name].credit_file.related if one.related_id == of]
        return STATE_NAMES[known[0].state] if known and known[0].state >= 0 else None

    def told(self, kind: str = "related-state.changed.v1") -> list[tuple[str, str, str]]:
        """Return who told whom which state, in order."""
        return [
            (one["data"]["related_borrower_id"], one["subject"], one["data"]["state"])
            for one in self.sent
            if one["type"] == kind
        ]
