"""The result of a demo, and whether everything adds up.

Pure. Invariant: the demo succeeds only if every input is accounted for, in the numbers that the
simulator sent, the verification found no difference, and every webhook arrived.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.demo.alerts_client import PendingDeliveries
from lab.demo.figures import InputCounts
from lab.demo.lead_time import LeadTimes
from lab.demo.mailbox import InboxCounts
from lab.demo.office import OfficeCounts
from lab.simulator.delivery import SentCounts

STATES_IN_ORDER = ("NORMAL", "ATTENTION", "WATCH", "HIGH_RISK", "DEFAULT", "PROBATION", "CLOSED")


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The figures at the end of a run."""

    sent: SentCounts
    days: int
    counts: InputCounts
    states: Mapping[str, int]
    alerts: int
    office: OfficeCounts
    inbox: InboxCounts
    mails: Mapping[str, int]
    """By person id."""
    pending: PendingDeliveries
    lead_times: LeadTimes
    differences: Sequence[str]
    """The differences that the verification found."""
    elapsed_s: float

    @property
    def verified(self) -> bool:
        """Return whether every state and risk event is what its ledger gives."""
        return not self.differences

    @property
    def offered(self) -> int:
        """Return all inputs, a day close counted once."""
        return self.sent.offered + self.days

    @property
    def retries(self) -> int:
        """Return attempts beyond the first of each message."""
        return self.inbox.attempts - self.inbox.forged - self.inbox.accepted

    def problems(self) -> list[str]:
        """Return what does not add up, in sentences."""
        counts, sent = self.counts, self.sent
        checks = (
            (
                counts.applied + counts.duplicates + counts.quarantined == self.offered,
                f"{self.offered} inputs were offered, but {counts.applied} applied + "
                f"{counts.duplicates} duplicates + {counts.quarantined} quarantined is "
                f"{counts.applied + counts.duplicates + counts.quarantined}",
            ),
            (
                counts.duplicates == sent.repeated,
                f"{sent.repeated} records were sent twice, {counts.duplicates} were counted",
            ),
            (
                counts.quarantined == sent.broken,
                f"{sent.broken} records were broken, {counts.quarantined} are quarantined",
            ),
            (
                # What comes while the first ones are being released waits behind them, in order.
                counts.released >= sent.account_unknown,
                f"at least {sent.account_unknown} records waited for their account, "
                f"{counts.released} were released",
            ),
            (self.verified, f"not verified: {'; '.join(self.differences)}"),
            (self.pending.due == 0, f"{self.pending.due} messages are still to be delivered"),
            (self.inbox.forged == 0, f"{self.inbox.forged} webhooks had no valid signature"),
            (self.alerts == 0 or self.inbox.accepted > 0, "no webhook arrived"),
        )
        return [problem for is_right, problem in checks if not is_right]

    def as_json(self) -> dict[str, object]:
        """Return the summary for programs."""
        return {
            "offered": self.offered,
            "applied": self.counts.applied,
            "duplicates": self.counts.duplicates,
            "quarantined": self.counts.quarantined,
            "borrowers": sum(self.states.values()),
            "states": {name: self.states[name] for name in STATES_IN_ORDER if name in self.states},
            "alerts": self.alerts,
            "acknowledged": self.office.steps.get("acknowledged", 0),
            "reminded": self.office.steps.get("reminded", 0),
            "escalated": self.office.steps.get("escalated", 0),
            "resolved": self.office.steps.get("resolved", 0),
            "webhooks_delivered": self.inbox.accepted,
            "webhook_retries": self.retries,
            "mails_delivered": sum(self.mails.values()),
            "mails_waiting": self.pending.waiting,
            "distressed_labelled": self.lead_times.failed,
            "distressed_warned": self.lead_times.warned,
            "median_lead_days": self.lead_times.median_days,
            "false_alarms": len(self.lead_times.false_alarms),
            "verified": self.verified,
            "elapsed_s": round(self.elapsed_s, 1),
        }
