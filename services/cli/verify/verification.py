"""The verification: refolds the ledger, compares states and risk events, and counts."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from services.cli.broker import BrokerReader
from services.cli.errors import CommandError
from services.cli.verify.due_events import DueEvents, NumberOrder, fingerprint
from services.cli.verify.findings import VerifyFindings
from services.cli.verify.refold import Refold, RefoldedPartition, Unwithdrawn, states_of
from services.cli.verify.stored import Stored
from services.kit.stream.stop_reasons import StopReason
from services.scoring.adapters import state_bytes
from services.scoring.adapters.codec import ISOLATION_CHANGED, effect_of
from services.scoring.adapters.rulebook_reader import read_text
from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.application.event_resend import ResendSpan
from services.scoring.domain.events.control import DayCloseWithdrawn, RulebookActivated
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.rulebook import Rulebook
from services.scoring.domain.rulebook.timeline import Timeline

Snapshot = AbstractAsyncContextManager[Stored]
ROWS_A_TICK = 1_000
FAILED = "See docs/runbook.md, 'verification failed'."


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationScope:
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

    def __init__(self, scope: VerificationScope, *, tick: Callable[[int], None]) -> None:
        self.findings = VerifyFindings()
        self._scope = scope
        self._tick = tick
        self._stored = DueEvents("{0}: assessment {1}", "is not stored")
        self._published = DueEvents("{0}: risk event {1}", "was never sent")
        self._order = NumberOrder()
        self._linked = DueEvents("{1} for {0}", "is in no ledger")
        self._reminders = DueEvents("{1} for {0}", "is not on the risk topic")

    async def run(
        self, stored: Stored, broker: BrokerReader, later: Callable[[], Snapshot]
    ) -> VerifyFindings:
        """Compare everything; return the findings.

        `later` opens a snapshot of then: whether anything was applied while this one was compared.
        """
        await self.count(stored, broker)
        rulebooks = ActivatedRulebooks(await stored.rulebooks())
        for row in await stored.partitions(self._scope.events_topic):
            await self._compare_states(stored, row["partition"], rulebooks)
        async for row in stored.ids_of_many():
            self.findings.differs(
                f"event {row['event_id']} of {row['source']} was applied to "
                f"{row['borrowers']} borrowers"
            )
        async for row in stored.assessments():
            key = row["borrower_id"], row["sequence"]
            self._stored.actual[key] = fingerprint(row["event"])
        await self._read_published(broker)
        async with later() as now:
            has_moved = await self._offsets(now) != await self._offsets(stored)
        self._compare_events(may_lead=has_moved or self.findings.waiting > 0)
        return self.findings

    def missing(self) -> dict[str, ResendSpan]:
        """Return by sender from where on it must send again what the topics lack."""
        sequences = {
            borrower_id: self._order.followed.get(borrower_id, 0) + 1
            for borrower_id, newest in self._published.newest().items()
            if self._order.followed.get(borrower_id, 0) < newest
        }
        numbers: dict[str, int] = {}
        for _, event_id in (*self._linked.missing, *self._reminders.missing):
            sender_id, number = effect_of(str(event_id))
            numbers[sender_id] = min(number, numbers.get(sender_id, number))
        return {
            borrower_id: ResendSpan(
                sequence=sequences.get(borrower_id), number=numbers.get(borrower_id)
            )
            for borrower_id in sorted(sequences.keys() | numbers.keys())
        }

    async def _offsets(self, stored: Stored) -> dict[int, int]:
        rows = await stored.partitions(self._scope.events_topic)
        return {row["partition"]: row["next_offset"] for row in rows}

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
            backlog = max(0, end - (0 if row is None else row["next_offset"]))
            findings.offered += backlog
            findings.waits(f"records of partition {number} not applied yet", backlog)
        findings.stopped = [
            _stop(number, row["stop_reason"])
            for number, row in partitions.items()
            if row["stop_reason"]
        ]
        findings.duplicates = sum(row["duplicates"] for row in partitions.values())
        findings.quarantined = counts["quarantined"]
        read = sum(row["read"] for row in partitions.values())
        findings.offered += read
        settled = counts["applied"] + findings.duplicates + findings.quarantined
        if read != settled:
            findings.differs(
                f"{read} records were read; applied + duplicates + quarantined are {settled}"
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
        marks = await stored.marks(partition)
        bases = await self._bases(stored, partition, rulebooks)
        refold = Refold(self._scope.decoder, timeline, marks, bases)
        rows = 0
        async for row in stored.ledger(partition):
            refold.take(row["offset"], row["event"])
            rows += 1
            if rows % ROWS_A_TICK == 0:
                self._tick(ROWS_A_TICK)
        self._tick(rows % ROWS_A_TICK)
        result, findings = refold.result, self.findings
        findings.applied += result.events - result.unfolded
        findings.unfolded += result.unfolded
        findings.isolated += len(marks)
        findings.borrowers += len(result.borrowers)
        self._linked.actual |= result.arrived
        missing = set(result.borrowers)
        async for row in stored.states(partition):
            missing.discard(row["borrower_id"])
            self._compare_state(row, refold, is_isolated=row["borrower_id"] in marks)
        for name in sorted(missing):
            findings.differs(f"{name} has events in the ledger and no stored state")

    async def _bases(
        self, stored: Stored, partition: int, rulebooks: "ActivatedRulebooks"
    ) -> dict[int, dict[str, bytes]]:
        """Fold what comes before each withdrawal, without the closes withdrawn so far."""
        decoder, bases = self._scope.decoder, dict[int, dict[str, bytes]]()
        withdrawals: list[DayCloseWithdrawn] = []
        for offset, raw in await stored.withdrawals(partition):
            withdrawal = decoder.decode(raw)
            assert isinstance(withdrawal, DayCloseWithdrawn)
            withdrawals.append(withdrawal)
            rows = Unwithdrawn(decoder, withdrawals)
            refold = Refold(decoder, Timeline(self._scope.context, rulebooks.find))
            async for row in stored.ledger(partition):
                if row["offset"] < offset and rows.keeps(row["event"]):
                    refold.take(row["offset"], row["event"])
            bases[offset] = states_of(refold.result)
        return bases

    def _compare_state(self, row: Any, refold: Refold, *, is_isolated: bool) -> None:
        """Compare a stored state with the fold of its ledger, up to the mark of an isolated one."""
        name, closed_offset, state = row["borrower_id"], row["closed_offset"], row["state"]
        result, findings = refold.result, self.findings
        borrower = result.borrowers.get(name)
        if borrower is None:
            findings.differs(f"{name} is stored and has no event in the ledger")
            return
        if name in result.errors:
            findings.differs(f"{name}: the ledger cannot be folded: {result.errors[name]}")
            return
        if not is_isolated:
            state = refold.state_after_pending_closes(state, closed_offset)
        if state != state_bytes.encode(borrower):
            findings.differs(f"{name}: the stored state is not what its ledger gives")
        self._expect(result, name, closed_offset)

    def _expect(self, result: RefoldedPartition, name: str, closed_offset: int) -> None:
        for events in (self._stored, self._published):
            events.expect(result.assessments.get(name, ()), closed_offset)
        linked = result.linked.get(name, ())
        self._linked.expect([due for due in linked if not due.is_for_risk], closed_offset)
        self._reminders.expect([due for due in linked if due.is_for_risk], closed_offset)

    async def _read_published(self, broker: BrokerReader) -> None:
        """Read the digests of the assessments and reminders on the risk topic.

        Raises:
            CommandError: If two events of one sequence differ.
        """
        decode = msgspec.json.Decoder(RiskEventHead).decode
        async for records in broker.records(self._scope.risk_topic):
            self._tick(len(records))
            for record in records:
                head, digest = decode(record.value or b""), fingerprint(record.value or b"")
                if head.type == ISOLATION_CHANGED:
                    continue  # A fact about a version of ours, not about the log.
                if not head.type.startswith("assessment."):
                    self._reminders.actual[head.subject, head.id] = digest
                    continue
                assessments = self._published.actual
                if assessments.setdefault((head.subject, head.sequence), digest) != digest:
                    raise CommandError(
                        f"Two different risk events carry sequence {head.sequence} of one "
                        "borrower.",
                        remedy=FAILED,
                    )
                self._order.take(head.subject, head.sequence)

    def _compare_events(self, *, may_lead: bool) -> None:
        findings = self.findings
        findings.risk_events = len(self._stored.actual)
        findings.linked_events = len(self._linked.due) + len(self._reminders.due)
        self._stored.compare(findings)
        # First: one line per borrower names where a resend must begin.
        self._order.compare(findings)
        self._published.compare(findings, may_lag=True, may_lead=may_lead)
        self._linked.compare(findings, may_lag=True)
        self._reminders.compare(findings, may_lag=True, may_lead=may_lead)


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


def _stop(partition: int, reason: str) -> str:
    entry = StopReason(reason).runbook_entry
    return f"partition {partition} is stopped: {reason}; see {entry} (tocsin offsets show)"
