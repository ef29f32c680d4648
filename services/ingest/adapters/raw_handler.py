"""Applies records of a raw topic: each becomes an event on ours, or is kept with its reason.

Runs inside the kit's fenced transaction: the records' events are acknowledged by the broker and the
others are in quarantine before the position moves, in one commit. A batch that is applied
again sends the same events under the same ids, and keeps the same records once.
"""

import asyncio
from collections.abc import Callable

from services.ingest.adapters.account_table import AccountTable
from services.ingest.adapters.quarantine_table import PostgresQuarantineWriter
from services.ingest.application.errors import Unavailable
from services.ingest.application.inputs import Channel, Input, Position, QuarantinedInput
from services.ingest.application.intake import Intake
from services.ingest.application.ports import AccountDirectory, QuarantineWriter
from services.ingest.domain.reasons import Reason, Refusal
from services.kit.clock import Clock
from services.kit.database import Connection, DatabaseUnavailable, Result, Work
from services.kit.stream.handler import Handler, Tally
from services.kit.stream.records import Batch, Record

# Judging is work for the processor; the loop must get its turn for heartbeats and probes.
_MOST_IN_A_TURN = 50

BuildIntake = Callable[[AccountDirectory, QuarantineWriter], Intake]


class Enclosed:
    """A database that is the transaction which is open already."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def in_transaction(self, work: Work[Result]) -> Result:
        """Run the work inside the open transaction."""
        return await work(self._connection)


class RawHandler(Handler):
    """Takes the records of one raw topic in."""

    def __init__(self, build_intake: BuildIntake, *, clock: Clock) -> None:
        self._build_intake = build_intake
        self._clock = clock

    async def apply(self, batch: Batch, connection: Connection) -> Tally:
        """Take the batch's records in, in their order."""
        database = Enclosed(connection)
        intake = self._build_intake(AccountTable(database), PostgresQuarantineWriter(database))
        refused = 0
        try:
            for start in range(0, len(batch.records), _MOST_IN_A_TURN):
                records = batch.records[start : start + _MOST_IN_A_TURN]
                verdicts = await intake.take([input_of(record) for record in records])
                refused += sum(isinstance(verdict.outcome, Refusal) for verdict in verdicts)
                await asyncio.sleep(0)
        except Unavailable as error:
            # To the consumer both mean the same: the batch waits and is tried again.
            raise DatabaseUnavailable(str(error)) from error
        return Tally(quarantined=refused)

    async def quarantine(self, record: Record, error: Exception, connection: Connection) -> None:
        """Keep a record on which a step of ours broke."""
        refusal = Refusal(
            reason=Reason.INTERNAL_ERROR,
            pointer="",
            detail=f"a fault of ours ({type(error).__name__}); it was logged",
        )
        await PostgresQuarantineWriter(Enclosed(connection)).add(
            [
                QuarantinedInput(
                    input=input_of(record),
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


def input_of(record: Record) -> Input:
    """Return a record as an input; header values are shown as text, the value stays bytes."""
    return Input(
        channel=Channel.KAFKA,
        raw=record.value or b"",
        headers=tuple(
            (name, (value or b"").decode("utf-8", "backslashreplace"))
            for name, value in record.headers
        ),
        position=Position(topic=record.topic, partition=record.partition, offset=record.offset),
    )
