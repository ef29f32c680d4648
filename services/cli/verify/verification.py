"""The verification: refolds the ledger, compares states and risk events, and counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from services.cli.broker import BrokerReader
from services.cli.errors import CommandError
from services.cli.verify.findings import VerifyFindings
from services.cli.verify.linked_events import LinkedEvents
from services.cli.verify.refold import DueEvent, EventKey, Refold, fingerprint
from services.cli.verify.stored import Stored
from services.scoring.adapters import state_bytes
from services.scoring.adapters.rulebook_reader import read_text
from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.domain.events.control import RulebookActivated
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Rulebook
from services.scoring.domain.rulebook.timeline import Timeline

ROWS_A_TICK = 1_000
FAILED = "See docs/runbook.md, 'verification failed'."


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The topics that are verified, and how their events are decoded and folded."""

    events_topic: str
    risk_topic: str
    decoder: EventDecoder
    context: Context


class RiskEventHead(msgspec.Struct, gc=False):
    """The fields that identify a risk event."""

    subject: str
    sequence: int = 0
    type: str = ""
    id: str = ""


class Verification:
    """One run; `tick` is called with the number of rows that were read since the last call."""

    def __init__(self, scope: Scope, *, tick: Callable[[int], None]) -> None:
        self.findings = VerifyFindings()
        self._scope = scope
        self._tick = tick
        self._assessments: dict[str, list[DueEvent]] = {}
        self._linked = LinkedEvents()

    async def run(self, stored: Stored, broker: BrokerReader) -> VerifyFindings:
        """Compare everything; return the findings."""
        await self.count(stored, broker)
        rulebooks = ActivatedRulebooks(await stored.rulebooks())
        for row in await stored.partitions(self._scope.events_topic):
            await self._compare_states(stored, row["partition"], rulebooks)
        await self._compare_stored_assessments(stored)
        await self._compare_published(broker)
        return self.findings

    async def count(self, stored: Stored, broker: BrokerReader) -> None:
        """Compare what was offered with what was applied, repeated or quarantined."""
        findings = self.findings
        spans = await broker.all_spans(self._scope.events_topic)
        counts = await stored.counts()
        partitions = {
            row["partition"]: row for row in await stored.partitions(self._scope.events_topic)
        }
        for number, (_, end) in spans.items():
            row = partitions.get(number)
            findings.offered += end
            done = 0 if row is None else row["next_offset"]
            findings.waits(f"records of partition {number} not applied yet", max(0, end - done))
        findings.duplicates = sum(row["duplicates"] for row in partitions.values())
        findings.quarantined = counts["quarantined"]
        records = sum(row["records"] for row in partitions.values())
        settled = counts["applied"] + findings.duplicates + findings.quarantined
        if records != settled:
            findings.differs(
                f"{records} records were read; applied + duplicates + quarantined are {settled}"
            )
        marked = sum(row["quarantined"] for row in partitions.values())
        if marked != findings.quarantined:
            findings.differs(
                f"{marked} records were quarantined; {findings.quarantined} are in quarantine"
            )
        findings.waits("risk events not relayed yet", counts["outbox"])
        findings.waits("borrowers that a day close has not reached yet", counts["behind"])

    async def _compare_states(
        self, stored: Stored, partition: int, rulebooks: "ActivatedRulebooks"
    ) -> None:
        timeline = Timeline(self._scope.context, rulebooks.find)
        refold = Refold(self._scope.decoder, timeline)
        rows = 0
        async for row in stored.ledger(partition):
            refold.take(row["offset"], row["event"])
            rows += 1
            if rows % ROWS_A_TICK == 0:
                self._tick(ROWS_A_TICK)
        self._tick(rows % ROWS_A_TICK)
        result, findings = refold.result, self.findings
        findings.applied += result.events
        findings.borrowers += len(result.borrowers)
        self._linked.arrived |= result.arrived
        missing = set(result.borrowers)
        async for row in stored.states(partition):
            name, closed_offset = row["borrower_id"], row["closed_offset"]
            borrower = result.borrowers.get(name)
            missing.discard(name)
            if borrower is None:
                findings.differs(f"{name} is stored and has no event in the ledger")
                continue
            now = refold.state_after_pending_closes(row["state"], closed_offset)
            if now != state_bytes.encode(borrower):
                findings.differs(f"{name}: the stored state is not what its ledger gives")
            self._assessments[name] = [
                due for due in result.assessments.get(name, ()) if due.is_due(closed_offset)
            ]
            self._linked.expect(result.linked.get(name, ()), closed_offset)
        for name in sorted(missing):
            findings.differs(f"{name} has events in the ledger and no stored state")

    async def _compare_stored_assessments(self, stored: Stored) -> None:
        findings = self.findings
        counts: dict[str, int] = {}
        async for row in stored.assessments():
            name, sequence = row["borrower_id"], row["sequence"]
            findings.risk_events += 1
            counts[name] = counts.get(name, 0) + 1
            due = self._assessments.get(name, [])
            if sequence != counts[name] or sequence > len(due):
                findings.differs(f"{name}: assessment {sequence} should not be there")
            elif due[sequence - 1].digest != fingerprint(row["event"]):
                findings.differs(f"{name}: assessment {sequence} is not what its ledger gives")
        for name, due in self._assessments.items():
            if missing := len(due) - min(counts.get(name, 0), len(due)):
                findings.differs(f"{name}: {missing} assessments are missing")

    async def _compare_published(self, broker: BrokerReader) -> None:
        published, others = await self._published(broker)
        findings = self.findings
        for name, due in self._assessments.items():
            digests = published.pop(name, {})
            for sequence, event in enumerate(due, start=1):
                if sequence not in digests:
                    if not findings.waiting:
                        findings.differs(f"{name}: risk event {sequence} was never sent")
                elif digests[sequence] != event.digest:
                    findings.differs(f"{name}: risk event {sequence} was sent with other bytes")
            if not findings.waiting and len(digests) > len(due):
                findings.differs(
                    f"{name}: {len(digests) - len(due)} risk events too many were sent"
                )
        if published and not findings.waiting:
            findings.differs(f"{len(published)} borrowers on the risk topic are in no ledger")
        self._linked.compare(findings, others)

    async def _published(
        self, broker: BrokerReader
    ) -> tuple[dict[str, dict[int, bytes]], dict[EventKey, bytes]]:
        """Return the digests of the assessments by borrower and sequence, and of other events.

        Raises:
            CommandError: If a sequence goes back to something new, or two events of one sequence
                differ.
        """
        decode = msgspec.json.Decoder(RiskEventHead).decode
        assessments: dict[str, dict[int, bytes]] = {}
        others: dict[EventKey, bytes] = {}
        async for records in broker.records(self._scope.risk_topic):
            self._tick(len(records))
            for record in records:
                head, digest = decode(record.value or b""), fingerprint(record.value or b"")
                if head.type.startswith("assessment."):
                    _add(assessments.setdefault(head.subject, {}), head.sequence, digest)
                else:
                    others[head.subject, head.id] = digest
        return assessments, others


def _add(digests: dict[int, bytes], sequence: int, digest: bytes) -> None:
    if digests.setdefault(sequence, digest) != digest:
        raise CommandError(
            f"Two different risk events carry sequence {sequence} of one borrower.", remedy=FAILED
        )
    if sequence > 1 and sequence - 1 not in digests:
        raise CommandError(
            f"Risk event {sequence} of a borrower came before {sequence - 1}.", remedy=FAILED
        )


class ActivatedRulebooks:
    """Finds the rulebook of an activation among the stored documents, and compiles it once."""

    def __init__(self, documents: Mapping[tuple[str, str], bytes]) -> None:
        self._documents = documents
        self._compiled: dict[tuple[str, str], Rulebook] = {}

    def find(self, activation: RulebookActivated) -> Rulebook:
        """Return the rulebook that the ledger names.

        Raises:
            CommandError: If it is not stored, or its text is not the one that was activated.
        """
        key = activation.name, activation.version
        document = self._documents.get(key)
        if document is None or f"sha256:{sha256(document).hexdigest()}" != activation.digest:
            problem = "is not stored" if document is None else "has another text"
            raise CommandError(
                f"Rulebook {key[0]} {key[1]} was activated as {activation.digest} and {problem}.",
                remedy="See docs/runbook.md, 'partition stopped: reference missing'.",
            )
        if key not in self._compiled:
            self._compiled[key] = read_text(document.decode())
        return self._compiled[key]
