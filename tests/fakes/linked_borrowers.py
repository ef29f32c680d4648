"""Several linked borrowers, each with its fold; effects go into each other's logs.

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


class LinkedBorrowers:
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
        """Fold an event, then every effect that it has on linked borrowers."""
        queue = deque([raw])
        steps = 0
        while queue:
            steps += 1
            assert steps < MOST_STEPS, "the effects never end"
            raw = queue.popleft()
            self.log.append(raw)
            subject = CODEC.decode(raw).borrower_id
            names = list(self.borrowers) if subject == "*" else [subject]
            for name in names:
                borrower = self.borrowers.setdefault(name, new_borrower(name))
                outcome = fold(borrower, CODEC.decode(raw), self.context)
                for effect in outcome.effects:
                    written = CODEC.encode_effect(effect)
                    self.sent.append(json.loads(written))
                    if not effect.is_for_risk:
                        queue.append(written)

    def publish(self, kind: str, name: str, /, *, day: int = 0, **data: Any) -> None:
        """Publish an event about a borrower."""
        self.number += 1
        self.happens(event(kind, name, f"{kind}-{self.number}", day=day, **data))

    def guarantees(self, guarantor: str, borrower: str, day: int = 0) -> None:
        """Link a guarantor to a borrower."""
        self.publish(
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
        self.publish(
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

    def reported_state(self, name: str, of: str) -> str | None:
        """Return the state of another borrower as it was reported to this one."""
        known = [
            state for state in self.borrowers[name].credit_file.related if state.related_id == of
        ]
        return STATE_NAMES[known[0].state] if known and known[0].state >= 0 else None

    def reported_states(self, kind: str = "related-state.changed.v1") -> list[tuple[str, str, str]]:
        """Return who reported which state to whom, in order."""
        return [
            (event["data"]["related_borrower_id"], event["subject"], event["data"]["state"])
            for event in self.sent
            if event["type"] == kind
        ]
