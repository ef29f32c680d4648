"""Lists, retries and discards quarantined inputs.

Called by REST. A retry takes the original bytes through the same steps as the first attempt, with
the current mappings and rules; a released input gets the id that it would have had then.
"""

from collections.abc import Sequence
from contextlib import suppress

from services.contracts.validation import ValidEvent
from services.ingest.application.accounts import AccountOwnership
from services.ingest.application.control_gate import ControlGate
from services.ingest.application.errors import AlreadySettled, NotFound
from services.ingest.application.identity import (
    AccountStores,
    AddressedEvent,
    IdentityCheck,
)
from services.ingest.application.input_validation import InputValidator, needs_borrower
from services.ingest.application.inputs import Parked, Status
from services.ingest.application.intake import MISSING_BORROWER, UNKNOWN_ACCOUNT
from services.ingest.application.ports import (
    EntryCount,
    EntryFilters,
    EntrySettlement,
    FullEntry,
    LockedEntry,
    QuarantineEntry,
    QuarantineRepository,
    SenderScope,
)
from services.ingest.domain.reasons import Refusal
from services.ingest.metrics import RELEASED
from services.kit.clock import Clock
from services.kit.metrics import Recorder

MAX_RETRIED_AT_ONCE = 1_000
TIME_GUARD = "time guard"


class QuarantineService:
    """The quarantined inputs, for people."""

    def __init__(
        self,
        *,
        validator: InputValidator,
        gate: ControlGate,
        accounts: AccountStores,
        quarantine: QuarantineRepository,
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._validator = validator
        self._gate = gate
        self._identity_check = IdentityCheck(validator=validator, identities=accounts.identities)
        self._accounts = accounts.directory
        self._ownership = AccountOwnership(accounts.directory)
        self._quarantine = quarantine
        self._clock = clock
        self._recorder = recorder

    async def entries(
        self, filters: EntryFilters, *, after_id: int = 0, limit: int = 50
    ) -> Sequence[QuarantineEntry]:
        """Returns quarantined inputs, oldest first."""
        return await self._quarantine.entries(filters, after_id=after_id, limit=limit)

    async def counts(self) -> Sequence[EntryCount]:
        """Returns the number of inputs by status and reason."""
        return await self._quarantine.counts()

    async def entry(self, entry_id: int, *, scope: SenderScope | None = None) -> FullEntry:
        """Returns one quarantined input with its original bytes.

        Raises:
            NotFound: If there is none of that number, or the sender may not see it.
        """
        entry = await self._quarantine.entry(entry_id)
        if entry is None or (scope is not None and not scope.covers(entry.entry)):
            raise NotFound(f"no quarantined input has the number {entry_id}")
        return entry

    async def retry(self, entry_id: int, *, by: str) -> FullEntry:
        """Retries an input, and returns it with its new status.

        Raises:
            NotFound: If there is none of that number.
            AlreadySettled: If it was released or discarded before.
            Unavailable: If the broker or the database does not answer; nothing has changed.
        """
        async with self._quarantine.lock(entry_id) as locked:
            entry = _open(locked, entry_id)
            outcome = await self._outcome(entry)
            if isinstance(outcome, ValidEvent):
                outcome = (await self._gate.publish([outcome])).get(0, outcome)
            if isinstance(outcome, ValidEvent):
                await self._ownership.assign([outcome])
                await entry.settle(Status.RELEASED, EntrySettlement(by=by, at=self._clock.now()))
            elif isinstance(outcome, Parked):
                await entry.record_refusal(UNKNOWN_ACCOUNT, account_id=outcome.account_id)
            else:
                await entry.record_refusal(outcome)
        if isinstance(outcome, ValidEvent):
            self._recorder.add(RELEASED, how="retry")
        return await self.entry(entry_id)

    async def retry_many(self, filters: EntryFilters, *, by: str) -> Sequence[FullEntry]:
        """Retries the first open inputs that the filters choose, in their order.

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
        entries = await self._quarantine.entries(chosen, after_id=0, limit=MAX_RETRIED_AT_ONCE)
        retried = []
        for entry in entries:
            try:
                retried.append(await self.retry(entry.id, by=by))
            except AlreadySettled:
                continue
        return retried

    async def retry_due(self) -> int:
        """Retries the inputs that came ahead of their time, and whose time has come.

        Returns how many were tried.

        Raises:
            Unavailable: If the broker or the database does not answer; some may be done.
        """
        due = await self._quarantine.due(at=self._clock.now(), limit=MAX_RETRIED_AT_ONCE)
        for entry_id in due:
            with suppress(AlreadySettled):
                await self.retry(entry_id, by=TIME_GUARD)
        return len(due)

    async def discard(self, entry_id: int, *, by: str, reason: str) -> FullEntry:
        """Marks an input as one that will never be an event, with the reason.

        Raises:
            NotFound: If there is none of that number.
            AlreadySettled: If it was released or discarded before.
        """
        async with self._quarantine.lock(entry_id) as locked:
            settlement = EntrySettlement(by=by, at=self._clock.now(), note=reason)
            await _open(locked, entry_id).settle(Status.DISCARDED, settlement)
        return await self.entry(entry_id)

    async def _outcome(self, entry: LockedEntry) -> ValidEvent | Parked | Refusal:
        given = entry.full.input
        candidate = self._validator.read(given)
        if isinstance(candidate, Refusal):
            return candidate
        if not needs_borrower(candidate):
            return await self._with_owner(self._validator.validate(candidate, given=given))
        if candidate.account_id is None:
            return MISSING_BORROWER
        # Behind others of its account it is parked: its queue is released in order.
        lookup = await self._accounts.look_up([candidate.account_id])
        outcome = self._validator.validate_with_account(candidate, lookup, given=given)
        if not isinstance(outcome, ValidEvent):
            return outcome
        addressed = AddressedEvent(given, candidate, outcome)
        return (await self._identity_check.outcomes([addressed]))[0]

    async def _with_owner(self, outcome: ValidEvent | Refusal) -> ValidEvent | Refusal:
        if isinstance(outcome, Refusal):
            return outcome
        return (await self._ownership.refusals([outcome])).get(0, outcome)


def _open(entry: LockedEntry | None, entry_id: int) -> LockedEntry:
    if entry is None:
        raise NotFound(f"no quarantined input has the number {entry_id}")
    status = entry.full.entry.status
    if status in (Status.RELEASED, Status.DISCARDED):
        raise AlreadySettled(f"input {entry_id} is {status.value} already")
    return entry
