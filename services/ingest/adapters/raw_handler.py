"""Applies records of a raw topic: each becomes an event, or is quarantined with the reason.

Runs inside the kit's fenced transaction: before the offset moves, the broker has acknowledged the
events, and the quarantined records are in the same commit. A batch that is applied again publishes
the same events under the same ids, and stores a quarantined record once.
"""

import asyncio
from collections.abc import Callable

from services.ingest.adapters.open_transaction import OpenTransaction
from services.ingest.adapters.quarantine_table import QuarantineInserts
from services.ingest.application.errors import QuarantineFull, Unavailable
from services.ingest.application.inputs import Input, InputChannel, QuarantinedInput, RecordPosition
from services.ingest.application.intake import Intake
from services.ingest.domain.reasons import Refusal, RefusalReason
from services.kit.clock import Clock
from services.kit.database import Connection, Database, DatabaseUnavailable
from services.kit.stream.handler import Handler, Tally
from services.kit.stream.records import Batch, Record
from services.kit.stream.stop_reasons import StopPartition, StopReason

# Validation blocks the loop; heartbeats and probes must get their turn.
_MAX_IN_A_TURN = 50

BuildIntake = Callable[[Database], Intake]


class RawHandler(Handler):
    """Takes in the records of one raw topic."""

    def __init__(self, build_intake: BuildIntake, *, clock: Clock) -> None:
        self._build_intake = build_intake
        self._clock = clock

    async def apply(self, batch: Batch, connection: Connection) -> Tally:
        """Takes in the records of a batch, in their order."""
        intake = self._build_intake(OpenTransaction(connection))
        refused = 0
        try:
            for start in range(0, len(batch.records), _MAX_IN_A_TURN):
                records = batch.records[start : start + _MAX_IN_A_TURN]
                verdicts = await intake.take([input_of(record, batch) for record in records])
                refused += sum(isinstance(verdict.outcome, Refusal) for verdict in verdicts)
                await asyncio.sleep(0)
        except QuarantineFull as error:
            raise StopPartition(StopReason.QUARANTINE_FULL, str(error)) from error
        except Unavailable as error:
            # The consumer retries the batch on either.
            raise DatabaseUnavailable(str(error)) from error
        return Tally(quarantined=refused)

    async def quarantine(self, batch: Batch, error: Exception, connection: Connection) -> Tally:
        """Quarantines a record on which a step raised an unexpected error."""
        refusal = Refusal(
            reason=RefusalReason.INTERNAL_ERROR,
            pointer="",
            detail=f"an internal error ({type(error).__name__}); it was logged",
        )
        await QuarantineInserts(OpenTransaction(connection)).add(
            [
                QuarantinedInput(
                    input=input_of(batch.records[0], batch),
                    refusal=refusal,
                    received_at=self._clock.now(),
                    event_id=None,
                    source=None,
                    event_type=None,
                    account_id=None,
                    is_parked=False,
                )
            ]
        )
        return Tally(quarantined=1)


def input_of(record: Record, batch: Batch) -> Input:
    """Returns a record as an input, with the values of its headers as text."""
    return Input(
        channel=InputChannel.KAFKA,
        raw=record.value or b"",
        headers=tuple(
            (name, (value or b"").decode("utf-8", "backslashreplace"))
            for name, value in record.headers
        ),
        position=RecordPosition(
            topic=record.topic, partition=record.partition, offset=batch.position(record)
        ),
    )
