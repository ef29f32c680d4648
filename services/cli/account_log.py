"""Reads from the log what the account directory must be, and makes it so.

Registrations are in the ledger, which keeps them for ever, and on the events topic until scoring
has applied them. Imports, handovers and parked inputs are on the intake topic.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from services.cli.broker import BrokerReader
from services.cli.errors import CommandError
from services.contracts.borrower import BorrowerRegisteredV1
from services.contracts.decoding import data_decoder, envelope_decoder
from services.contracts.registry import EVENT_TYPES
from services.ingest.adapters.kafka_intake_log import decode_record
from services.ingest.adapters.open_transaction import OpenTransaction
from services.ingest.adapters.quarantine_rows import fingerprint
from services.ingest.adapters.quarantine_table import QuarantineInserts
from services.ingest.application.accounts import imported_assignments, registered_assignments
from services.ingest.application.identity import EventIdentity, identity_of
from services.ingest.application.input_validation import InputValidator
from services.ingest.application.inputs import QuarantinedInput
from services.ingest.application.intake import UNKNOWN_ACCOUNT
from services.ingest.application.intake_log import (
    AccountsHandedOver,
    AccountsImported,
    InputParked,
    LogRecord,
)
from services.ingest.domain.account_log import AccountAssignment, HandedOver, directory_of
from services.ingest.domain.candidate import Candidate, text_or_none
from services.kit.clock import SystemClock
from services.kit.settings import PlatformSettings

MOST_EVENT_BYTES = 1_048_576
REGISTERED = next(
    f'"{name}"'.encode()
    for name, event_type in EVENT_TYPES.items()
    if event_type.data is BorrowerRegisteredV1
)
BY_ACCOUNT = b'"account_id":'
LEDGER = "SELECT event FROM scoring.ledger WHERE position($1::bytea IN event) > 0"
DIRECTORY = """
SELECT account_id, borrower_id, source, event_time, event_id FROM ingest.account
 WHERE borrower_id IS NOT NULL
"""
COLUMNS = ("account_id", "borrower_id", "source", "event_time", "event_id")
IDENTITIES = """
INSERT INTO ingest.event_identity (source, event_id, borrower_id, digest)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[]) ON CONFLICT DO NOTHING
"""
# Without this, a transaction keeps what it has seen.
FORGET_ACTIVITY = "SELECT pg_stat_clear_snapshot()"
INGEST = """
SELECT DISTINCT coalesce(host(client_addr), 'this machine') FROM pg_stat_activity
 WHERE datname = current_database() AND application_name = 'tocsin-ingest' ORDER BY 1
"""
STORED_INPUTS = """
SELECT digest FROM ingest.quarantine WHERE channel = 'http' AND digest = ANY($1::bytea[])
"""

_decode_envelope = envelope_decoder()
_decode_registration = data_decoder(BorrowerRegisteredV1)
Directory = Mapping[str, AccountAssignment]


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuiltAccounts:
    """The result of a rebuild."""

    accounts: int
    identities: int
    parked: int


class AccountLog:
    """The log, and the tables that are a function of it."""

    def __init__(
        self, connection: asyncpg.Connection, broker: BrokerReader, settings: PlatformSettings
    ) -> None:
        self._connection = connection
        self._broker = broker
        self._settings = settings

    async def expected(self) -> Directory:
        """Returns the directory that the log gives."""
        assignments = {each async for value in self._registrations() for each in _registered(value)}
        handovers = set[HandedOver]()
        async for record in self._logged():
            if isinstance(record, AccountsImported):
                assignments.update(imported_assignments(record))
            elif isinstance(record, AccountsHandedOver):
                handovers |= {
                    HandedOver(account_id, record.source, record.to_source, record.time)
                    for account_id in record.accounts
                }
        return directory_of(assignments, handovers)

    async def stored(self) -> Directory:
        """Returns the directory that ingest has."""
        rows = await self._connection.fetch(DIRECTORY)
        return {row["account_id"]: AccountAssignment(*row) for row in rows}

    @asynccontextmanager
    async def beside_no_ingest(self) -> AsyncIterator[None]:
        """Runs the block in a transaction that is undone if ingest was started meanwhile.

        Raises:
            CommandError: If a process of ingest is connected to the database.
        """
        await self._refuse_beside_ingest()
        async with self._connection.transaction():
            yield
            await self._refuse_beside_ingest()

    async def _refuse_beside_ingest(self) -> None:
        await self._connection.execute(FORGET_ACTIVITY)
        rows = await self._connection.fetch(INGEST)
        if rows:
            raise CommandError(
                f"Ingest is running ({', '.join(row[0] for row in rows)}). Nothing was changed.",
                remedy="Stop every process of ingest, and run the command again.",
            )

    async def rebuild(self) -> RebuiltAccounts:
        """Makes directory, identities and queues of parked inputs what the log gives.

        Ingest is stopped meanwhile. The identities are those of the events topic: older ones are in
        every backup.
        """
        expected = await self.expected()
        async with self._connection.transaction():
            await self._connection.execute("DELETE FROM ingest.account")
            await self._connection.copy_records_to_table(
                "account", schema_name="ingest", records=expected.values(), columns=COLUMNS
            )
            return RebuiltAccounts(
                accounts=len(expected),
                identities=await self._store_identities(),
                parked=await self._park(await self._lost()),
            )

    async def _registrations(self) -> AsyncIterator[bytes]:
        async with self._connection.transaction(readonly=True):
            async for row in self._connection.cursor(LEDGER, REGISTERED, prefetch=1_000):
                yield row["event"]
        async for value in self._values(self._settings.events_topic):
            if REGISTERED in value:
                yield value

    async def _logged(self) -> AsyncIterator[LogRecord]:
        async for value in self._values(self._settings.intake_topic):
            yield decode_record(value)

    async def _values(self, topic: str) -> AsyncIterator[bytes]:
        async for records in self._broker.records(topic):
            for record in records:
                yield record.value or b""

    async def _store_identities(self) -> int:
        stored, waiting = 0, list[EventIdentity]()
        async for value in self._values(self._settings.events_topic):
            if BY_ACCOUNT in value:
                waiting.append(identity_of(value))
            if len(waiting) == 5_000:
                stored += await self._insert(waiting)
                waiting.clear()
        return stored + await self._insert(waiting)

    async def _insert(self, identities: Sequence[EventIdentity]) -> int:
        if not identities:
            return 0
        columns = [list(column) for column in zip(*identities, strict=True)]
        status: str = await self._connection.execute(IDENTITIES, *columns)
        return int(status.rpartition(" ")[2])

    async def _lost(self) -> list[InputParked]:
        """Returns the parked inputs of the log that the quarantine does not have."""
        parked = {
            fingerprint(record.input()): record
            async for record in self._logged()
            if isinstance(record, InputParked)
        }
        rows = await self._connection.fetch(STORED_INPUTS, list(parked))
        present = {row["digest"] for row in rows}
        return [record for digest, record in parked.items() if digest not in present]

    async def _park(self, lost: Sequence[InputParked]) -> int:
        inserts = QuarantineInserts(OpenTransaction(self._connection))
        await inserts.add([_quarantined(each) for each in lost])
        return len(lost)


def differences(expected: Directory, stored: Directory) -> list[str]:
    """Returns what differs between the directory that the log gives and the stored one."""
    return [
        *(
            f"{name}: {each.borrower_id} by {each.event_id} of {each.source} is not stored"
            for name, each in sorted(expected.items())
            if stored.get(name) != each
        ),
        *(f"{name}: nothing in the log names it" for name in sorted(stored.keys() - expected)),
    ]


def _registered(value: bytes) -> list[AccountAssignment]:
    envelope = _decode_envelope(value)
    return registered_assignments(envelope, _decode_registration(envelope.data))


def _quarantined(parked: InputParked) -> QuarantinedInput:
    given = parked.input()
    candidate = InputValidator(mappings={}, max_event_bytes=MOST_EVENT_BYTES).read(given)
    document = candidate.document if isinstance(candidate, Candidate) else {}
    return QuarantinedInput(
        input=given,
        refusal=UNKNOWN_ACCOUNT,
        received_at=SystemClock().now(),
        event_id=text_or_none(document.get("id")),
        source=text_or_none(document.get("source")),
        event_type=text_or_none(document.get("type")),
        account_id=parked.account_id,
        is_parked=True,
    )
