"""Compares the alerts that were opened with the outcomes of the simulated borrowers. Pure.

A borrower that failed is caught if an alert was opened after its distress had begun and before the
failing event. A healthy borrower that got an alert at WATCH or worse is a false alarm. Alerts about
distress that healed are neither.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from lab.simulator.days import BANK_TIMEZONE
from services.scoring.domain.portfolio.outcomes import SEVERITY, BorrowerOutcome, lead_of_alerts

ANNOUNCED = frozenset({"alert.opened.v1", "alert.updated.v1"})
_ZONE = ZoneInfo(BANK_TIMEZONE)


@dataclass(frozen=True, slots=True)
class OpenedAlert:
    """The ordinal of the day on which an alert was opened, and its state."""

    day: int
    state: str


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """What the alerts were worth: leads of the failing borrowers, misses and false alarms."""

    failed: int
    leads_days: Mapping[str, int]
    missed: Sequence[BorrowerOutcome]
    false_alarms: Sequence[str]
    healthy: int

    @property
    def warned(self) -> int:
        """Return how many failing borrowers were caught."""
        return len(self.leads_days)

    @property
    def median_days(self) -> float | None:
        """Return the median lead, or None if nobody was caught."""
        return median(self.leads_days.values()) if self.leads_days else None


def measure(
    outcomes: Iterable[BorrowerOutcome], alerts: Mapping[str, Sequence[OpenedAlert]]
) -> LeadTimes:
    """Compare the outcomes with the alerts of each borrower."""
    listed = list(outcomes)
    failed = [outcome for outcome in listed if outcome.event is not None]
    healthy = [outcome.borrower_id for outcome in listed if outcome.is_healthy]
    leads = {
        outcome.borrower_id: lead
        for outcome in failed
        if (lead := lead_of_alerts(outcome, _days(alerts, outcome.borrower_id))) is not None
    }
    return LeadTimes(
        failed=len(failed),
        leads_days=leads,
        missed=[outcome for outcome in failed if outcome.borrower_id not in leads],
        false_alarms=[name for name in healthy if _is_serious(alerts.get(name, ()))],
        healthy=len(healthy),
    )


def _days(alerts: Mapping[str, Sequence[OpenedAlert]], borrower_id: str) -> list[int]:
    return [alert.day for alert in alerts.get(borrower_id, ())]


def _is_serious(alerts: Sequence[OpenedAlert]) -> bool:
    return any(SEVERITY[alert.state] >= SEVERITY["WATCH"] for alert in alerts)


def opened_alerts(histories: Iterable[Mapping[str, Any]]) -> dict[str, list[OpenedAlert]]:
    """Return the alerts that were opened or raised, by borrower."""
    opened: dict[str, list[OpenedAlert]] = {}
    for whole in histories:
        for step in whole["detail"]["history"]:
            if step["kind"] in ANNOUNCED and step["data"].get("state"):
                local = datetime.fromisoformat(step["at"]).astimezone(_ZONE)
                alert_opened = OpenedAlert(local.toordinal(), step["data"]["state"])
                opened.setdefault(whole["detail"]["alert"]["borrower_id"], []).append(alert_opened)
    return opened
