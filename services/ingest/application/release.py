"""Publishes parked inputs once the borrower of their account is known.

A background task calls it repeatedly: an account that becomes known while an input of it is being
parked is released by the next run. An account's inputs leave in the order in which they came, and
are settled in the same transaction, so a crash in between publishes them again under the same ids.
"""

from collections.abc import Sequence

from services.contracts.strict_json import encode_canonical
from services.contracts.validation import ValidEvent
from services.ingest.application.control_gate import ControlGate
from services.ingest.application.identity import (
    AccountStores,
    AddressedEvent,
    IdentityCheck,
)
from services.ingest.application.input_validation import InputValidator
from services.ingest.application.inputs import Status
from services.ingest.application.ports import (
    EntrySettlement,
    LockedEntry,
    QuarantineRepository,
)
from services.ingest.domain.reasons import Refusal
from services.ingest.metrics import RELEASED
from services.kit.clock import Clock
from services.kit.metrics import Recorder

# One transaction: well under a second, however long the queue of an account is.
MAX_AT_ONCE = 500
MAX_ACCOUNTS = 100


class Release:
    """Empties the queues of accounts whose borrower is known."""

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
        self._identity_check = IdentityCheck(validator=validator, identities=accounts.identities)
        self._gate = gate
        self._accounts = accounts.directory
        self._quarantine = quarantine
        self._clock = clock
        self._recorder = recorder

    async def release_all(self) -> int:
        """Releases all inputs whose borrower is known; returns their number.

        Raises:
            Unavailable: If the broker or the database does not answer; nothing is lost.
        """
        released = 0
        while accounts := await self._accounts.ready_to_release(limit=MAX_ACCOUNTS):
            moved = 0
            for account_id in accounts:
                moved += await self.release_account(account_id)
            released += moved
            if not moved:
                break
        return released

    async def release_account(self, account_id: str) -> int:
        """Releases the first parked inputs of an account; returns the number of settled ones."""
        async with self._quarantine.lock_account(account_id, limit=MAX_AT_ONCE) as locked:
            lookup = await self._accounts.look_up([account_id])
            borrower_id = lookup.borrowers.get(account_id)
            if borrower_id is None or not locked:
                return 0
            outcomes = await self._outcomes(locked, borrower_id)
            outcomes = await self._published(outcomes)
            settlement = EntrySettlement(by="account directory", at=self._clock.now())
            for entry, outcome in zip(locked, outcomes, strict=True):
                if isinstance(outcome, Refusal):
                    await entry.record_refusal(outcome)
                else:
                    await entry.settle(Status.RELEASED, settlement)
        count = sum(isinstance(outcome, ValidEvent) for outcome in outcomes)
        self._recorder.add(RELEASED, count, how="account")
        return len(outcomes)

    async def _outcomes(
        self, entries: Sequence[LockedEntry], borrower_id: str
    ) -> list[ValidEvent | Refusal]:
        outcomes = [self._validated(entry, borrower_id) for entry in entries]
        addressed = [each for each in outcomes if isinstance(each, AddressedEvent)]
        settled = iter(await self._identity_check.outcomes(addressed))
        return [next(settled) if isinstance(each, AddressedEvent) else each for each in outcomes]

    async def _published(
        self, outcomes: Sequence[ValidEvent | Refusal]
    ) -> list[ValidEvent | Refusal]:
        """Publishes the valid events; returns the outcomes, those of refused ones replaced."""
        valid = [each for each in outcomes if isinstance(each, ValidEvent)]
        refusals = await self._gate.publish(valid)
        settled = iter([refusals.get(index, each) for index, each in enumerate(valid)])
        return [next(settled) if isinstance(each, ValidEvent) else each for each in outcomes]

    def _validated(self, entry: LockedEntry, borrower_id: str) -> AddressedEvent | Refusal:
        given = entry.full.input
        candidate = self._validator.read(given)
        if isinstance(candidate, Refusal):
            return candidate
        outcome = self._validator.validate(
            candidate.with_subject(borrower_id, encode=encode_canonical), given=given
        )
        return (
            outcome if isinstance(outcome, Refusal) else AddressedEvent(given, candidate, outcome)
        )
