"""The people of the demo's bank: each works by REST alone, with a key of their own.

`people.yaml` is their directory: it is proposed by one of them and approved by another. While the
bank plays its days they handle their alerts as people do: most are prompt, some answer a reminder,
and some leave an alert until it is escalated. Which alert meets which habit depends on its id
alone, so that a run with the same seed is the same again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Any

from lab.demo.alerts_client import AlertsClient, Refused
from services.alerts.directory.adapters.directory_document import DirectoryDocument
from services.alerts.directory.adapters.directory_reader import plain, read_directory

PEOPLE_FILE = Path(__file__).with_name("people.yaml")
PROPOSER, APPROVER = "sam", "rita"
# The rounds of work after which those who answer late do so.
LATE_ROUNDS = 3


class Habit(Enum):
    """How the owner handles an alert."""

    PROMPT = "prompt"
    LATE = "late"
    NEVER = "never"

    @classmethod
    def of(cls, alert_id: str) -> "Habit":
        """Return the habit that an alert meets."""
        number = sha256(alert_id.encode()).digest()[0] % 8
        return cls.NEVER if number == 0 else cls.LATE if number < 3 else cls.PROMPT


class Office:
    """Handles the alerts of the bank, a round of work at a time."""

    def __init__(
        self, client: AlertsClient, *, keys: Mapping[str, str], directory: DirectoryDocument
    ) -> None:
        self._client = client
        self._keys = keys
        self._directory = directory
        self._people = {
            person.officer_id or person_id: person_id
            for person_id, person in directory.people.items()
        }
        self._rounds: Counter[str] = Counter()

    async def open(self) -> None:
        """Put the directory into effect: one person proposes it, another approves it."""
        await self._client.activate_directory(
            dict(plain(self._directory)),
            proposer_key=self._keys[PROPOSER],
            approver_key=self._keys[APPROVER],
        )

    async def work(self) -> None:
        """Handle every open alert as its owner does."""
        for alert in await self._client.alerts(status=["OPEN", "ACKNOWLEDGED", "IN_PROGRESS"]):
            step = self._step(alert)
            if step is None:
                continue
            name, body = step
            try:
                await self._client.take_step(alert, name, body, key=self._keys[self._who(alert)])
            except Refused:
                # It changed since it was read; the next round sees it as it is then.
                continue

    def _step(self, alert: Mapping[str, Any]) -> tuple[str, Mapping[str, str] | None] | None:
        """Return the next step on an alert, with its body; None to leave it."""
        alert_id, status = alert["alert_id"], alert["status"]
        self._rounds[alert_id] += 1
        habit = Habit.of(alert_id)
        if status == "OPEN":
            is_due = habit is Habit.PROMPT or self._rounds[alert_id] > LATE_ROUNDS
            return ("acknowledge", None) if is_due and habit is not Habit.NEVER else None
        if alert["state"] == "NORMAL":
            note = "Paid as agreed; the cause has ended."
            return "resolve", {"outcome_code": "MITIGATED", "note": note}
        if status == "ACKNOWLEDGED":
            return "start", None
        return None

    def _who(self, alert: Mapping[str, Any]) -> str:
        """Return who handles an alert: its owner, or the first member of its queue."""
        owner = alert["owner"]
        if owner["kind"] == "QUEUE":
            return self._directory.queues[owner["id"]].members[0]
        return self._people[owner["id"]]


@dataclass(frozen=True, slots=True)
class OfficeCounts:
    """What the people of the bank were notified of, and what they did.

    Attributes:
        steps: How often each kind of step was taken.
        reminded: How many reminders each person got.
        escalated: How many escalated alerts each person got.
    """

    steps: Mapping[str, int]
    reminded: Mapping[str, int]
    escalated: Mapping[str, int]


def count(histories: Iterable[Mapping[str, Any]]) -> OfficeCounts:
    """Return what alerts with their histories say about the people."""
    steps, reminded, escalated = Counter[str](), Counter[str](), Counter[str]()
    for whole in histories:
        for step in whole["detail"]["history"]:
            kind = step["kind"].removeprefix("alert.").removesuffix(".v1")
            steps[kind] += 1
            if kind in ("reminded", "escalated"):
                by_person = reminded if kind == "reminded" else escalated
                by_person.update(step["data"]["recipients"])
    return OfficeCounts(steps, reminded, escalated)


def directory() -> DirectoryDocument:
    """Return the directory of the demo's bank."""
    return read_directory(PEOPLE_FILE.read_text(encoding="utf-8"))
