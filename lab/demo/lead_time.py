"""How early the warnings came, measured against the labels.

Pure. A borrower that failed is caught when an alert was opened after its distress had begun and
before the failing event; the lead is the time between the two. A borrower without any distress
that got an alert at WATCH or worse is a false alarm. Alerts about distress that healed are neither.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from lab.simulator.borrower import Label

SERIOUS = frozenset({"WATCH", "HIGH_RISK", "DEFAULT"})


@dataclass(frozen=True, slots=True)
class Warning:
    """An alert as far as it matters here."""

    day: int
    """Ordinal of the business date."""
    state: str


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """What the warnings were worth."""

    labelled: int
    """Borrowers that failed inside the run."""
    leads_days: Mapping[str, int]
    """Lead of each borrower that was caught."""
    missed: Sequence[Label]
    false_alarms: Sequence[str]
    sound: int
    """Borrowers without any distress."""

    @property
    def warned(self) -> int:
        """Return how many failing borrowers were caught."""
        return len(self.leads_days)

    @property
    def median_days(self) -> float | None:
        """Return the median lead, or None when nobody was caught."""
        return median(self.leads_days.values()) if self.leads_days else None


def measure(labels: Iterable[Label], warnings: Mapping[str, Sequence[Warning]]) -> LeadTimes:
    """Compare the labels with the alerts of each borrower."""
    listed = list(labels)
    failed = [label for label in listed if label.event_date is not None]
    sound = [label for label in listed if label.distress_start is None]
    leads, missed = {}, []
    for label in failed:
        first = _first_in_time(label, warnings.get(label.borrower_id, ()))
        if first is None or label.event_date is None:
            missed.append(label)
        else:
            leads[label.borrower_id] = label.event_date - first.day
    false_alarms = [
        label.borrower_id
        for label in sound
        if any(each.state in SERIOUS for each in warnings.get(label.borrower_id, ()))
    ]
    return LeadTimes(
        labelled=len(failed),
        leads_days=leads,
        missed=missed,
        false_alarms=false_alarms,
        sound=len(sound),
    )


def _first_in_time(label: Label, warnings: Sequence[Warning]) -> Warning | None:
    if label.event_date is None or label.distress_start is None:
        return None
    in_time = [each for each in warnings if label.distress_start <= each.day < label.event_date]
    return min(in_time, key=lambda each: each.day, default=None)
