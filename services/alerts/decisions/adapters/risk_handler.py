"""Applies assessments from the risk topic: the handler of the fenced consumer.

One batch of one partition: read, lock the borrowers, check each one's sequence, decide in
order, write everything in a handful of statements. A number that was applied is counted as a
duplicate; a skipped number stops the partition, because what it said is not guessed. Metrics
are recorded after the commit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from services.alerts import metrics
from services.alerts.decisions.adapters import assessment_wire
from services.alerts.decisions.adapters.assessment_wire import Incoming, Unreadable
from services.alerts.decisions.adapters.borrower_rows import BorrowerRow, Borrowers
from services.alerts.decisions.adapters.recording import Recording
from services.alerts.decisions.domain import alerting
from services.alerts.decisions.domain.alert import Change
from services.alerts.decisions.domain.drafting import House
from services.alerts.decisions.domain.sequence import Place, judge_sequence
from services.kit.clock import Clock
from services.kit.database import Connection
from services.kit.metrics import Recorder
from services.kit.stream.handler import Handler, Tally
from services.kit.stream.quarantine import Quarantine, Refused
from services.kit.stream.records import Batch, Record
from services.kit.stream.stop_reasons import StopPartition, StopReason

log = structlog.get_logger(__name__)

UNREADABLE = "unreadable_assessment"
UNEXPECTED = "unexpected_error"


@dataclass(slots=True)
class _Applied:
    """What a batch did, kept until it is known to be durable."""

    applied: int = 0
    duplicates: int = 0
    ignored: int = 0
    refused: list[Refused] = field(default_factory=list)
    changes: list[tuple[int, Change]] = field(default_factory=list)
    arrived_ms: list[int] = field(default_factory=list)


class RiskHandler(Handler):
    """Turns assessments into alerts."""

    def __init__(
        self,
        *,
        house: House,
        recording: Recording,
        quarantine: Quarantine,
        recorder: Recorder,
        clock: Clock,
        on_changes: Callable[[], None],
    ) -> None:
        self._on_changes = on_changes
        self._house = house
        self._recording = recording
        self._quarantine = quarantine
        self._recorder = recorder
        self._clock = clock
        self._borrowers = Borrowers()
        self._pending: dict[int, _Applied] = {}

    async def claimed(self, partition: int, connection: Connection) -> None:
        """Nothing to prepare: every batch reads what it needs under locks."""

    async def do_chore(self, partition: int, connection: Connection) -> None:
        """Nothing is left between batches."""

    async def released(self, partition: int) -> None:
        """Forget what did not happen."""
        self._pending.pop(partition, None)

    async def apply(self, batch: Batch, connection: Connection) -> Tally:
        """Write what a batch of assessments changes."""
        done = _Applied()
        incoming = self._read(batch.records, done)
        rows = await self._borrowers.lock(
            connection, {one.assessment.borrower_id for _, one in incoming}
        )
        for record, one in incoming:
            self._decide(record, one, rows, done)
        await self._borrowers.write(connection, [row for row in rows.values() if row.is_changed])
        await self._recording.record(connection, done.changes, recorded_at=self._clock.now())
        await self._quarantine.keep(connection, done.refused)
        self._pending[batch.partition] = done
        return Tally(duplicates=done.duplicates, quarantined=len(done.refused))

    async def quarantine(self, record: Record, error: Exception, connection: Connection) -> None:
        """Keep a record on which `apply` failed."""
        refused = Refused(record, UNEXPECTED, repr(error))
        await self._quarantine.keep(connection, [refused])

    def committed(self, batch: Batch) -> None:
        """Count what is durable now."""
        done = self._pending.pop(batch.partition, None)
        if done is None:
            return
        for result, count in (
            ("applied", done.applied),
            ("duplicate", done.duplicates),
            ("ignored", done.ignored),
        ):
            if count:
                self._recorder.add(metrics.ASSESSMENTS, count, result=result)
        for _, change in done.changes:
            self._recorder.add(metrics.ALERT_EVENTS, kind=change.kind.value)
        if done.changes:
            self._on_changes()
        now_ms = self._clock.now().timestamp() * 1000
        for arrived_ms in done.arrived_ms:
            seconds = max(0.0, (now_ms - arrived_ms) / 1000)
            self._recorder.observe(metrics.EVENT_TO_ALERT_SECONDS, seconds)

    def rolled_back(self, partition: int) -> None:
        """Forget what did not happen."""
        self._pending.pop(partition, None)

    def _read(self, records: Sequence[Record], done: _Applied) -> list[tuple[Record, Incoming]]:
        found = []
        for record in records:
            try:
                incoming = assessment_wire.read(record.value)
            except Unreadable as error:
                done.refused.append(Refused(record, UNREADABLE, str(error)))
                continue
            if incoming is None:
                done.ignored += 1
            else:
                found.append((record, incoming))
        return found

    def _decide(
        self, record: Record, incoming: Incoming, rows: dict[str, BorrowerRow], done: _Applied
    ) -> None:
        assessment = incoming.assessment
        row = rows[assessment.borrower_id]
        verdict = judge_sequence(last_applied=row.sequence, found=assessment.sequence)
        if verdict.place is Place.DUPLICATE:
            done.duplicates += 1
            return
        if verdict.place is Place.GAP:
            self._recorder.add(metrics.ASSESSMENTS, result="gap")
            log.error(
                "assessments are missing",
                borrower_id=assessment.borrower_id,
                partition=record.partition,
                offset=record.offset,
                reason=verdict.reason,
            )
            raise StopPartition(
                StopReason.SEQUENCE_GAP, f"at offset {record.offset}: {verdict.reason}"
            )
        decision = alerting.decide(assessment, before=row.before, house=self._house)
        row.apply(incoming, decision, partition=record.partition)
        done.applied += 1
        for change in decision.changes:
            done.changes.append((record.partition, change))
            done.arrived_ms.append(record.timestamp)
