"""Sends parked inputs on, once the borrower of their account is known.

Called by a background task, again and again: an account that becomes known while an input of it is
being parked is found at the next look. An account's inputs leave in the order in which they came,
and are settled in the same transaction, so a crash in between sends them again under the same ids.
"""

from services.ingest.application.inputs import Ready, Status
from services.ingest.application.judging import Judge
from services.ingest.application.ports import (
    AccountDirectory,
    HeldEntry,
    Outlet,
    QuarantineBook,
    Settlement,
)
from services.ingest.domain.reasons import Refusal
from services.ingest.metrics import RELEASED
from services.kit.clock import Clock
from services.kit.metrics import Recorder

# A transaction's worth: well under a second, however long the queue of an account is.
MOST_AT_ONCE = 500
MOST_ACCOUNTS = 100


class Release:
    """Empties the queues of accounts that are known by now."""

    def __init__(
        self,
        *,
        judge: Judge,
        outlet: Outlet,
        accounts: AccountDirectory,
        quarantine: QuarantineBook,
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._judge = judge
        self._outlet = outlet
        self._accounts = accounts
        self._quarantine = quarantine
        self._clock = clock
        self._recorder = recorder

    async def release_all(self) -> int:
        """Release what can be released, and return how many inputs that were.

        Raises:
            Unavailable: If the broker or the database does not answer; nothing is lost.
        """
        released = 0
        while accounts := await self._accounts.ready_to_release(limit=MOST_ACCOUNTS):
            moved = 0
            for account_id in accounts:
                moved += await self.release_account(account_id)
            released += moved
            if not moved:
                break
        return released

    async def release_account(self, account_id: str) -> int:
        """Release the first parked inputs of an account; return how many were settled."""
        async with self._quarantine.hold_account(account_id, limit=MOST_AT_ONCE) as held:
            lookup = await self._accounts.look_up([account_id])
            borrower_id = lookup.borrowers.get(account_id)
            if borrower_id is None or not held:
                return 0
            outcomes = [self._judged(entry, borrower_id) for entry in held]
            await self._outlet.send(
                [outcome.event for outcome in outcomes if isinstance(outcome, Ready)]
            )
            settlement = Settlement(by="account directory", at=self._clock.now())
            for entry, outcome in zip(held, outcomes, strict=True):
                if isinstance(outcome, Refusal):
                    await entry.refuse_again(outcome)
                else:
                    await entry.settle(Status.RELEASED, settlement)
        count = sum(isinstance(outcome, Ready) for outcome in outcomes)
        self._recorder.add(RELEASED, count, how="account")
        return len(outcomes)

    def _judged(self, entry: HeldEntry, borrower_id: str) -> Ready | Refusal:
        given = entry.full.input
        candidate = self._judge.candidate(given)
        if isinstance(candidate, Refusal):
            return candidate
        return self._judge.ready(candidate.told(borrower_id), given=given)
