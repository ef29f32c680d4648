"""Applies assessments and isolations from the risk topic: the handler of the fenced consumer.

For each batch of one partition: read, lock the borrowers, check each sequence number, decide in
order, write everything in a handful of statements. A number that was applied is counted as a
duplicate. After a skipped number that borrower waits, because nobody guesses the missing
assessment. Metrics are recorded after the commit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from services.alerts import metrics
from services.alerts.approvals.application.overrides import RelaxationProposals
from services.alerts.decisions.adapters import (
    assessment_wire,
    decision_rows,
    due_notices,
    silence_rows,
    storm_counts,
    waiting_assessments,
)
from services.alerts.decisions.adapters.assessment_wire import (
    IncomingAssessment,
    IncomingIsolation,
    Unreadable,
)
from services.alerts.decisions.adapters.assessment_words import storm_texts
from services.alerts.decisions.adapters.borrower_rows import BorrowerRow, Borrowers
from services.alerts.decisions.adapters.decision_rows import DecisionRow
from services.alerts.decisions.adapters.step_recorder import FeedStep, StepRecorder
from services.alerts.decisions.adapters.waiting_assessments import WaitingAssessments
from services.alerts.decisions.application.current_policy import CurrentPolicy
from services.alerts.decisions.domain.assessment import SequencePosition, check_sequence
from services.alerts.decisions.domain.decision import decide
from services.alerts.decisions.domain.due_notice import DueNotice
from services.alerts.decisions.domain.pending_notice import HoldConditions
from services.alerts.decisions.domain.policy import AlertPolicy
from services.alerts.decisions.domain.storm import Storm, portfolio_alert
from services.alerts.primitives.vocabulary import DecisionCode, DecisionStep
from services.kit.clock import Clock
from services.kit.database import Connection
from services.kit.metrics import Recorder
from services.kit.stream.handler import Handler, Tally
from services.kit.stream.quarantine import Quarantine, RejectedRecord
from services.kit.stream.records import Batch, Record

log = structlog.get_logger(__name__)

UNREADABLE = "unreadable_assessment"
UNEXPECTED = "unexpected_error"


@dataclass(frozen=True, slots=True)
class _Applicable:
    """An assessment whose number is the next one of its borrower."""

    record: Record
    incoming: IncomingAssessment
    row: BorrowerRow


@dataclass(slots=True)
class _BatchResult:
    """The result of a batch, counted once it is durable; `policy` has the people of its time."""

    policy: AlertPolicy
    applied: int = 0
    duplicates: int = 0
    ignored: int = 0
    waiting: int = 0
    due: list[DueNotice] = field(default_factory=list)
    isolations: list[tuple[int, IncomingIsolation]] = field(default_factory=list)
    refused: list[RejectedRecord] = field(default_factory=list)
    decided: list[DecisionRow] = field(default_factory=list)
    changes: list[tuple[int, FeedStep]] = field(default_factory=list)
    arrived_ms: list[int] = field(default_factory=list)


class RiskHandler(Handler):
    """Turns assessments into alerts."""

    def __init__(  # noqa: PLR0913 - the ports, each named at the one call site
        self,
        *,
        policy: CurrentPolicy,
        step_recorder: StepRecorder,
        quarantine: Quarantine,
        recorder: Recorder,
        clock: Clock,
        on_changes: Callable[[], None],
        relaxations: RelaxationProposals,
    ) -> None:
        self._on_changes = on_changes
        self._relaxations = relaxations
        self._policy = policy
        self._step_recorder = step_recorder
        self._quarantine = quarantine
        self._recorder = recorder
        self._clock = clock
        self._borrowers = Borrowers()
        self._pending: dict[int, _BatchResult] = {}

    async def released(self, partition: int) -> None:
        """Discards the uncommitted result."""
        self._pending.pop(partition, None)

    async def apply(self, batch: Batch, connection: Connection) -> Tally:
        """Writes what a batch of assessments changes."""
        result = _BatchResult(policy=await self._policy.read(connection))
        assessments = self._read(batch, result)
        rows = await self._borrowers.lock(
            connection,
            {incoming.assessment.borrower_id for _, incoming in assessments}
            | {isolation.borrower_id for _, isolation in result.isolations}
            | {notice.borrower_id for notice in result.due},
        )
        waiting = await waiting_assessments.read(connection, rows)
        applicable = self._in_order(assessments, rows, waiting, result)
        await self._decide_all(connection, applicable, result)
        due = await due_notices.apply(connection, result.due, rows)
        result.decided += due.decisions
        result.changes += [(batch.partition, change) for change in due.changes]
        since: dict[str, datetime | None] = {}
        for partition, isolation in result.isolations:
            since[isolation.borrower_id] = isolation.since
            incident = rows[isolation.borrower_id].isolate(isolation, result.policy)
            if incident is not None:
                result.changes.append((partition, incident))
        await self._borrowers.write(connection, [row for row in rows.values() if row.is_changed])
        await self._borrowers.mark_isolated(connection, since)
        proposed = [
            row.borrower_id
            for row in rows.values()
            if row.latest is not None and row.latest.is_relaxation_proposed
        ]
        await self._relaxations.propose(connection, proposed)
        await decision_rows.write(connection, result.decided)
        await self._step_recorder.record(
            connection,
            result.changes,
            recorded_at=self._clock.now(),
            refreshed=[row.refreshed for row in rows.values() if row.refreshed is not None],
        )
        await waiting_assessments.write(connection, batch.partition, waiting)
        self._pending[batch.partition] = result
        tally = await self._quarantine.insert(connection, result.refused)
        return tally + Tally(duplicates=result.duplicates)

    async def quarantine(self, batch: Batch, error: Exception, connection: Connection) -> Tally:
        """Quarantines a record on which `apply` failed."""
        refused = RejectedRecord(batch.records[0], UNEXPECTED, repr(error), batch.generation)
        return await self._quarantine.insert(connection, [refused])

    def committed(self, batch: Batch) -> None:
        """Records the metrics of a batch that is durable now."""
        result = self._pending.pop(batch.partition, None)
        if result is None:
            return
        for label, count in (
            ("applied", result.applied),
            ("duplicate", result.duplicates),
            ("ignored", result.ignored),
            ("gap", result.waiting),
        ):
            if count:
                self._recorder.add(metrics.ASSESSMENTS, count, result=label)
        for each in result.decided:
            self._recorder.add(metrics.DECISIONS, code=each.code.value)
        for _, change in result.changes:
            self._recorder.add(metrics.ALERT_EVENTS, kind=change.kind.value)
        if result.changes:
            self._on_changes()
        now_ms = self._clock.now().timestamp() * 1000
        for arrived_ms in result.arrived_ms:
            seconds = max(0.0, (now_ms - arrived_ms) / 1000)
            self._recorder.observe(metrics.EVENT_TO_ALERT_SECONDS, seconds)

    def rolled_back(self, partition: int) -> None:
        """Discards the uncommitted result."""
        self._pending.pop(partition, None)

    def _read(self, batch: Batch, result: _BatchResult) -> list[tuple[Record, IncomingAssessment]]:
        assessments = []
        for record in batch.records:
            try:
                incoming = assessment_wire.read(record.value)
            except Unreadable as error:
                result.refused.append(
                    RejectedRecord(record, UNREADABLE, str(error), batch.generation)
                )
                continue
            if incoming is None:
                result.ignored += 1
            elif isinstance(incoming, IncomingIsolation):
                result.isolations.append((record.partition, incoming))
            elif isinstance(incoming, DueNotice):
                result.due.append(incoming)
            else:
                assessments.append((record, incoming))
        return assessments

    def _in_order(
        self,
        assessments: Sequence[tuple[Record, IncomingAssessment]],
        rows: Mapping[str, BorrowerRow],
        waiting: WaitingAssessments,
        result: _BatchResult,
    ) -> list[_Applicable]:
        """Returns what can be applied, in order; counts duplicates and lets the rest wait."""
        last_applied = {borrower_id: row.sequence for borrower_id, row in rows.items()}
        applicable = []
        for record, incoming in assessments:
            borrower_id = incoming.assessment.borrower_id
            number = incoming.assessment.sequence
            verdict = check_sequence(last_applied=last_applied[borrower_id], number=number)
            if verdict.position is SequencePosition.GAP:
                if waiting.add(borrower_id, number, record.value or b""):
                    result.waiting += 1
                    _log_gap(record, borrower_id, verdict.reason)
                else:
                    result.duplicates += 1
            elif verdict.position is SequencePosition.DUPLICATE:
                result.duplicates += 1
            else:
                following: IncomingAssessment | None = incoming
                while following is not None:
                    applicable.append(_Applicable(record, following, rows[borrower_id]))
                    number = following.assessment.sequence
                    following = waiting.take(borrower_id, number + 1)
                last_applied[borrower_id] = number
        return applicable

    async def _decide_all(
        self, connection: Connection, applicable: Sequence[_Applicable], result: _BatchResult
    ) -> None:
        """Decides in order, with what may hold the notices of the batch back."""
        if not applicable:
            return
        since = min(each.incoming.assessment.at for each in applicable)
        silences = await silence_rows.in_force(connection, since=since)
        storms = await storm_counts.count(
            connection,
            [(each.incoming.assessment, each.row) for each in applicable],
            result.policy.calendar,
        )
        for index, each in enumerate(applicable):
            storm, begins = storms.at(index, each.incoming.assessment)
            if storm is not None and begins:
                await self._begin(connection, storm, each, result)
            self._decide(each, HoldConditions(silences=silences, storm=storm), result)

    async def _begin(
        self, connection: Connection, storm: Storm, each: _Applicable, result: _BatchResult
    ) -> None:
        """Opens the portfolio alert of a storm."""
        at, partition = each.incoming.assessment.at, each.record.partition
        await storm_counts.add_subject(connection, storm, partition=partition, at=at)
        opened = portfolio_alert(storm, at=at, texts=storm_texts(storm), policy=result.policy)
        result.changes.append((partition, opened))
        result.decided.append(
            decision_rows.without_assessment(
                opened, step=DecisionStep.STORM_GUARD, code=DecisionCode.STORM
            )
        )

    def _decide(self, each: _Applicable, conditions: HoldConditions, result: _BatchResult) -> None:
        assessment = each.incoming.assessment
        decision = decide(
            assessment, before=each.row.before, policy=result.policy, conditions=conditions
        )
        each.row.apply(each.incoming, decision, partition=each.record.partition)
        result.applied += 1
        result.decided += decision_rows.of_assessment(assessment, decision)
        for change in decision.changes:
            result.changes.append((each.record.partition, change))
            result.arrived_ms.append(each.record.timestamp)


def _log_gap(record: Record, borrower_id: str, reason: str) -> None:
    log.error(
        "risk_handler.assessments_missing",
        borrower_id=borrower_id,
        partition=record.partition,
        offset=record.offset,
        reason=reason,
    )
