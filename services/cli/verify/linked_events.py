"""Compares the events that borrowers cause at each other with the ledgers and the risk topic.

A change of one borrower's state returns on the events topic as an ordinary event of another
borrower, and is offered, applied and counted there. Here each one is compared with the ledger of
the borrower that caused it: none may be missing, and none may be made up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.cli.verify.findings import VerifyFindings
from services.cli.verify.refold import DueEvent, EventKey


@dataclass(slots=True)
class LinkedEvents:
    """What was due and what arrived, over all partitions."""

    due: dict[EventKey, DueEvent] = field(default_factory=dict)
    arrived: dict[EventKey, bytes] = field(default_factory=dict)

    def expect(self, events: Iterable[DueEvent], closed_offset: int) -> None:
        """Add the events that must have been sent by now."""
        self.due |= {event.key: event for event in events if event.is_due(closed_offset)}

    def compare(self, findings: VerifyFindings, on_risk_topic: Mapping[EventKey, bytes]) -> None:
        """Compare with what is in the ledgers and on the risk topic."""
        for is_for_risk, arrived, absent in (
            (False, self.arrived, "in no ledger"),
            (True, on_risk_topic, "not on the risk topic"),
        ):
            due = {
                key: event for key, event in self.due.items() if event.is_for_risk is is_for_risk
            }
            findings.linked_events += len(due)
            for key, event in due.items():
                name = f"{key[1]} for {key[0]}"
                if key not in arrived:
                    if not findings.waiting:
                        findings.differs(f"{name} is {absent}")
                elif arrived[key] != event.digest:
                    findings.differs(f"{name} is not what its sender's ledger gives")
            for key in arrived.keys() - due.keys():
                if not (is_for_risk and findings.waiting):
                    findings.differs(f"{key[1]} for {key[0]} was sent by no borrower")
