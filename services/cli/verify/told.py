"""What borrowers had told through scoring, against what the ledger and the risk topic hold.

A change of one borrower's state comes back over the events topic as an ordinary event of another
one. It is offered, applied and counted there like any other; here is proved that each is what the
sender's own ledger gives, that none is missing and none was made up.
"""

from dataclasses import dataclass, field

from services.cli.verify.findings import Findings

Name = tuple[str, str]
"""Subject and id of an event that scoring wrote."""


@dataclass(slots=True)
class Told:
    """One event that must have been sent: where it was caused, its name and its digest."""

    offset: int
    from_close: bool
    name: Name
    is_for_risk: bool
    digest: bytes


@dataclass(slots=True)
class TellTales:
    """What was due and what came, over all partitions."""

    due: dict[Name, Told] = field(default_factory=dict)
    came: dict[Name, bytes] = field(default_factory=dict)

    def expect(self, told: list[Told], closed_offset: int) -> None:
        """Keep what must have been sent by now: not what a pending day close will send."""
        for one in told:
            if not one.from_close or one.offset <= closed_offset:
                self.due[one.name] = one

    def compare(self, findings: Findings, on_risk_topic: dict[Name, bytes]) -> None:
        """Compare with what is in the ledgers and on the risk topic."""
        places = (
            (False, self.came, "in no ledger"),
            (True, on_risk_topic, "not on the risk topic"),
        )
        for is_for_risk, found, absent in places:
            due = {name: one for name, one in self.due.items() if one.is_for_risk is is_for_risk}
            findings.told += len(due)
            for name, one in due.items():
                if name not in found:
                    if not findings.waiting:
                        findings.differs(f"{name[1]} for {name[0]} is {absent}")
                elif found[name] != one.digest:
                    findings.differs(
                        f"{name[1]} for {name[0]} is not what its sender's ledger gives"
                    )
            for name in found.keys() - due.keys():
                if not (is_for_risk and findings.waiting):
                    findings.differs(f"{name[1]} for {name[0]} was told by nobody")
