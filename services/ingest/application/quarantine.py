"""What people do with kept inputs: look, retry after a fix, or discard with a reason.

Called by REST. A retry takes the original bytes through the same steps as the first time, with
today's mappings and rules; a released input gets the id that it would have had then.
"""

from collections.abc import Sequence

from services.contracts.validation import ValidEvent
from services.ingest.application.errors import AlreadySettled, NotFound
from services.ingest.application.input_validation import InputValidator, needs_borrower
from services.ingest.application.inputs import Parked, Status
from services.ingest.application.intake import MISSING_BORROWER, UNKNOWN_ACCOUNT
from services.ingest.application.ports import (
    AccountDirectory,
    Count,
    Entry,
    EntryFilters,
    EventPublisher,
    FullEntry,
    LockedEntry,
    QuarantineRepository,
    Settlement,
)
from services.ingest.domain.reasons import Refusal
from services.ingest.metrics import RELEASED
from services.kit.clock import Clock
from services.kit.metrics import Recorder

MOST_RETRIED_AT_ONCE = 1_000


class Quarantine:
    """The kept inputs, for people."""

    def __init__(
        self,
        *,
        validator: InputValidator,
        publisher: EventPublisher,
        accounts: AccountDirectory,
        quarantine: QuarantineRepository,
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._validator = validator
        self._publisher = publisher
        self._accounts = accounts
        self._quarantine = quarantine
        self._clock = clock
        self._recorder = recorder

    async def entries(
        self, filters: EntryFilters, *, after_id: int = 0, limit: int = 50
    ) -> Sequence[Entry]:
        """Return kept inputs, oldest first."""
        return await self._quarantine.entries(filters, after_id=after_id, limit=limit)

    async def counts(self) -> Sequence[Count]:
        """Return how many inputs stand where."""
        return await self._quarantine.counts()

    async def entry(self, entry_id: int) -> FullEntry:
        """Return one kept input with its original bytes.

        Raises:
            NotFound: If there is none of that number.
        """
        found = await self._quarantine.entry(entry_id)
        if found is None:
            raise NotFound(f"no quarantined input has the number {entry_id}")
        return found

    async def retry(self, entry_id: int, *, by: str) -> FullEntry:
        """Try an input again, and return it as it stands then.

        Raises:
            NotFound: If there is none of that number.
            AlreadySettled: If it was released or discarded before.
            Unavailable: If the broker or the database does not answer; nothing has changed.
        """
        async with self._quarantine.lock(entry_id) as entry:
            self._check_open(entry, entry_id)
            assert entry is not None
            outcome = await self._outcome(entry)
            if isinstance(outcome, ValidEvent):
                await self._publisher.publish([outcome])
                await entry.settle(Status.RELEASED, Settlement(by=by, at=self._clock.now()))
            elif isinstance(outcome, Parked):
                await entry.record_refusal(UNKNOWN_ACCOUNT, account_id=outcome.account_id)
            else:
                await entry.record_refusal(outcome)
        if isinstance(outcome, ValidEvent):
            self._recorder.add(RELEASED, how="retry")
        return await self.entry(entry_id)

    async def retry_many(self, filters: EntryFilters, *, by: str) -> Sequence[FullEntry]:
        """Try the first open inputs that the filters choose, in their order.

        Raises:
            Unavailable: If the broker or the database does not answer; some may be done.
        """
        chosen = EntryFilters(
            status=Status.OPEN,
            reason=filters.reason,
            topic=filters.topic,
            source=filters.source,
            account_id=filters.account_id,
        )
        entries = await self._quarantine.entries(chosen, after_id=0, limit=MOST_RETRIED_AT_ONCE)
        done = []
        for entry in entries:
            try:
                done.append(await self.retry(entry.id, by=by))
            except AlreadySettled:
                continue
        return done

    async def discard(self, entry_id: int, *, by: str, reason: str) -> FullEntry:
        """Say that an input will never be an event, and why.

        Raises:
            NotFound: If there is none of that number.
            AlreadySettled: If it was released or discarded before.
        """
        async with self._quarantine.lock(entry_id) as entry:
            self._check_open(entry, entry_id)
            assert entry is not None
            await entry.settle(
                Status.DISCARDED, Settlement(by=by, at=self._clock.now(), note=reason)
            )
        return await self.entry(entry_id)

    async def _outcome(self, entry: LockedEntry) -> ValidEvent | Parked | Refusal:
        given = entry.full.input
        candidate = self._validator.read(given)
        if isinstance(candidate, Refusal):
            return candidate
        if not needs_borrower(candidate):
            return self._validator.validate(candidate, given=given)
        account = candidate.account_id
        if account is None:
            return MISSING_BORROWER
        lookup = await self._accounts.look_up([account])
        borrower = lookup.borrowers.get(account)
        if borrower is None or account in lookup.queued:
            # Its account's queue moves by itself, and nothing may overtake in it.
            refusal = self._validator.refusal_without_borrower(candidate, given=given)
            return refusal or Parked(account_id=account)
        return self._validator.validate(candidate.with_subject(borrower), given=given)

    def _check_open(self, entry: LockedEntry | None, entry_id: int) -> None:
        if entry is None:
            raise NotFound(f"no quarantined input has the number {entry_id}")
        status = entry.full.entry.status
        if status in (Status.RELEASED, Status.DISCARDED):
            raise AlreadySettled(f"input {entry_id} is {status.value} already")
