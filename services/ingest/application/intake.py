"""Takes inputs in: events to the topic, all else to quarantine, and says what became of each.

Called by HTTP and by the reader of the raw topics alike. What must stay true:
- it returns only after the broker has acknowledged every accepted event and the database has
  every other input; otherwise it raises, and offering the same again is right (same ids);
- an account's events never overtake each other: while one is parked, later ones are parked behind.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.registry import DATA_MODELS
from services.ingest.application.inputs import Input, Kept, Ready, Verdict, Waiting
from services.ingest.application.judging import Judge, needs_borrower
from services.ingest.application.ports import (
    AccountDirectory,
    AccountLookup,
    Keeping,
    Outlet,
)
from services.ingest.domain.candidate import Candidate, text_or_none
from services.ingest.domain.reasons import Reason, Refusal
from services.ingest.metrics import INPUTS, QUARANTINED
from services.kit.clock import Clock
from services.kit.metrics import Recorder

# Judging is work for the processor; probes and heartbeats must get their turn.
_MOST_IN_A_TURN = 100
NOBODY_KNOWN = AccountLookup(borrowers={}, queued=frozenset())


@dataclass(slots=True)
class _Item:
    given: Input
    candidate: Candidate | Refusal | None
    outcome: Ready | Waiting | Refusal | None = None
    quarantine_id: int | None = None


class Intake:
    """The way in, whichever channel an input came by."""

    def __init__(
        self,
        *,
        judge: Judge,
        outlet: Outlet,
        accounts: AccountDirectory,
        quarantine: Keeping,
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._judge = judge
        self._outlet = outlet
        self._accounts = accounts
        self._quarantine = quarantine
        self._clock = clock
        self._recorder = recorder

    async def take(self, inputs: Sequence[Input]) -> Sequence[Verdict]:
        """Take inputs in, in their order, and return a verdict for each.

        An input that the sender may not send is turned away: it gets a verdict, and is not kept.

        Raises:
            Unavailable: If the broker or the database could not take all of them.
        """
        items = await self._looked_at(inputs)
        unusual = [item for item in items if item.outcome is None]
        lookup = await self._look_up(unusual)
        parked: set[str] = set()
        for item in unusual:
            item.outcome = self._decided(item, lookup, parked)
        await self._outlet.send(
            [item.outcome.event for item in items if isinstance(item.outcome, Ready)]
        )
        await self._learn_accounts(unusual)
        await self._keep(unusual)
        self._count(items)
        return [_verdict(item) for item in items]

    async def _looked_at(self, inputs: Sequence[Input]) -> list[_Item]:
        """Return the inputs, those of the usual form decided already."""
        items = []
        for given in inputs:
            usual = self._judge.usual(given)
            candidate = self._judge.candidate(given) if usual is None else None
            items.append(_Item(given, candidate, usual))
            if len(items) % _MOST_IN_A_TURN == 0:
                await asyncio.sleep(0)
        return items

    async def _look_up(self, items: Sequence[_Item]) -> AccountLookup:
        asked = {
            item.candidate.account_id
            for item in items
            if isinstance(item.candidate, Candidate)
            and item.candidate.account_id
            and needs_borrower(item.candidate)
        }
        return await self._accounts.look_up(sorted(asked)) if asked else NOBODY_KNOWN

    def _decided(
        self, item: _Item, lookup: AccountLookup, parked: set[str]
    ) -> Ready | Waiting | Refusal:
        candidate = item.candidate
        assert candidate is not None
        if isinstance(candidate, Refusal):
            return candidate
        if not needs_borrower(candidate):
            return self._judge.ready(candidate, given=item.given)
        account = candidate.account_id
        if account is None:
            return MISSING_BORROWER
        borrower = lookup.borrowers.get(account)
        if borrower is not None and account not in lookup.queued and account not in parked:
            return self._judge.ready(candidate.told(borrower), given=item.given)
        refusal = self._judge.refusal_of_waiting(candidate, given=item.given)
        if refusal is not None:
            return refusal
        parked.add(account)
        return Waiting(account_id=account)

    async def _learn_accounts(self, items: Sequence[_Item]) -> None:
        """Feed the directory, after the borrower's own event is on the topic."""
        for item in items:
            ready = item.outcome
            if isinstance(ready, Ready) and ready.accounts:
                await self._accounts.learn(
                    dict.fromkeys(ready.accounts, ready.event.subject),
                    source=ready.event.source,
                    at=self._clock.now(),
                )

    async def _keep(self, items: Sequence[_Item]) -> None:
        to_keep = [item for item in items if _is_kept(item)]
        if not to_keep:
            return
        numbers = await self._quarantine.keep([self._kept(item) for item in to_keep])
        for item, number in zip(to_keep, numbers, strict=True):
            item.quarantine_id = number

    def _kept(self, item: _Item) -> Kept:
        document = item.candidate.document if isinstance(item.candidate, Candidate) else {}
        outcome = item.outcome
        waiting = outcome if isinstance(outcome, Waiting) else None
        refusal = outcome if isinstance(outcome, Refusal) else waiting_refusal()
        return Kept(
            input=item.given,
            refusal=refusal,
            received_at=self._clock.now(),
            event_id=text_or_none(document.get("id")),
            source=text_or_none(document.get("source")),
            event_type=text_or_none(document.get("type")),
            account_id=waiting.account_id if waiting else None,
            is_parked=waiting is not None,
        )

    def _count(self, items: Sequence[_Item]) -> None:
        """Count what became of the inputs, each kind once: a label costs more than a number."""
        for (channel, kind, result), number in Counter(map(_result, items)).items():
            self._recorder.add(INPUTS, number, channel=channel, type=kind, result=result)
        reasons = Counter(
            (item.given.channel.value, _reason(item)) for item in items if _is_kept(item)
        )
        for (channel, reason), number in reasons.items():
            self._recorder.add(QUARANTINED, number, channel=channel, reason=reason)


MISSING_BORROWER = Refusal(
    reason=Reason.MISSING_BORROWER,
    pointer="/subject",
    detail="/subject is missing, and no account was given by which to find the borrower",
)


def waiting_refusal() -> Refusal:
    """Return the reason of an input that waits for its account to become known."""
    return Refusal(
        reason=Reason.UNKNOWN_ACCOUNT,
        pointer="/data/account_id",
        detail="no borrower is known for this account yet, or earlier events of it still wait",
    )


def _is_kept(item: _Item) -> bool:
    outcome = item.outcome
    if isinstance(outcome, Refusal):
        return outcome.reason is not Reason.SOURCE_NOT_ALLOWED
    return isinstance(outcome, Waiting)


def _result(item: _Item) -> tuple[str, str, str]:
    """Return channel, type and result, as they are counted."""
    channel, outcome = item.given.channel.value, item.outcome
    if isinstance(outcome, Ready):
        return channel, outcome.event.type, "accepted"
    if not _is_kept(item):
        return channel, _known_type(item), "rejected"
    result = "parked" if isinstance(outcome, Waiting) else "quarantined"
    return channel, _known_type(item), result


def _reason(item: _Item) -> str:
    outcome = item.outcome
    reason = outcome.reason if isinstance(outcome, Refusal) else Reason.UNKNOWN_ACCOUNT
    return reason.value


def _known_type(item: _Item) -> str:
    """Return the event type as a label: never a text that the sender chose freely."""
    document = item.candidate.document if isinstance(item.candidate, Candidate) else {}
    event_type = text_or_none(document.get("type"))
    return event_type if event_type in DATA_MODELS else "unknown"


def _verdict(item: _Item) -> Verdict:
    assert item.outcome is not None
    if isinstance(item.outcome, Ready):
        return Verdict(event_id=item.outcome.event.id, outcome=item.outcome)
    document = item.candidate.document if isinstance(item.candidate, Candidate) else {}
    return Verdict(
        event_id=text_or_none(document.get("id")),
        outcome=item.outcome,
        quarantine_id=item.quarantine_id,
    )
