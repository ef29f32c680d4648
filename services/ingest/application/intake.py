"""Takes inputs in: valid events to the topic, all others to quarantine, with a verdict for each.

Called by HTTP and by the reader of the raw topics alike. What must stay true:
- it returns only after the broker has acknowledged every accepted event and the database has
  every other input; otherwise it raises, and sending the same again is right (same ids);
- an account's events never overtake each other: while one is parked, later ones are parked behind.
"""

import asyncio
from collections.abc import Awaitable, Callable, ItemsView, Iterable, Iterator, Mapping, Sequence
from typing import cast

import msgspec

from services.contracts.envelope import CloudEvent
from services.contracts.fields import EventData
from services.contracts.validation import ValidEvent
from services.ingest.application.accounts import AccountOwnership
from services.ingest.application.control_gate import ControlGate
from services.ingest.application.identity import (
    AccountStores,
    AddressedEvent,
    IdentityCheck,
)
from services.ingest.application.input_validation import (
    InputValidator,
    needs_borrower,
)
from services.ingest.application.inputs import (
    Input,
    InputChannel,
    InputVerdict,
    Parked,
    QuarantinedInput,
)
from services.ingest.application.intake_log import InputParked
from services.ingest.application.ports import (
    QuarantineWriter,
)
from services.ingest.domain.candidate import Candidate, Document, text_or_none
from services.ingest.domain.reasons import Refusal, RefusalReason
from services.ingest.metrics import INPUTS, QUARANTINED
from services.kit.clock import Clock
from services.kit.metrics import Recorder

Step = Callable[[Sequence[ValidEvent]], Awaitable[Mapping[int, Refusal]]]
"""Does something with events, and returns by index why it refuses some."""

# Validation blocks the loop; probes and heartbeats must get their turn.
_MAX_BYTES_IN_A_TURN = 32_768


class _Item(msgspec.Struct, gc=False):
    """An input in the making; the candidate is dropped once it is a valid event."""

    given: Input
    candidate: Candidate | Refusal | None
    outcome: ValidEvent | Parked | Refusal | None
    quarantine_id: int | None = None

    @property
    def document(self) -> Document:
        return self.candidate.document if isinstance(self.candidate, Candidate) else {}

    def refuse(self, event: CloudEvent[EventData], refusal: Refusal) -> None:
        """Makes a valid event a refused one."""
        names = {"id": event.id, "source": event.source, "type": event.type}
        self.candidate, self.outcome = Candidate(names), refusal


class Intake:
    """Takes in the inputs of HTTP and of raw topics."""

    def __init__(
        self,
        *,
        validator: InputValidator,
        gate: ControlGate,
        accounts: AccountStores,
        quarantine: QuarantineWriter,
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._validator = validator
        self._gate = gate
        self._identity_check = IdentityCheck(validator=validator, identities=accounts.identities)
        self._accounts = accounts.directory
        self._ownership = AccountOwnership(accounts.directory)
        self._log = accounts.log
        self._quarantine = quarantine
        self._clock = clock
        self._recorder = recorder

    async def take(self, inputs: Sequence[Input]) -> Sequence[InputVerdict]:
        """Takes inputs in, in their order, and returns a verdict for each.

        An input that the sender may not send is rejected: it gets a verdict, and is not stored.

        Raises:
            Unavailable: If the broker or the database could not take all of them.
            QuarantineFull: If a sender or topic has no room for what is refused; none was taken.
        """
        items = await self._read(inputs)
        await self._find_borrowers([item for item in items if item.outcome is None])
        await self._through(self._ownership.refusals, items)
        # Before anything is published: a request that does not fit is refused as a whole.
        if refused := [item.given for item in items if _is_stored(item)]:
            await self._quarantine.take_room(refused)
        await self._log.append(list(_parked_records(items)))
        valid = await self._through(self._gate.publish, items)
        await self._ownership.assign(valid)
        stored = [item for item in items if _is_stored(item)] if len(valid) < len(items) else []
        await self._store(stored)
        self._count(items, stored)
        return [_verdict(item) for item in items]

    async def _read(self, inputs: Sequence[Input]) -> list[_Item]:
        """Returns the inputs, decided unless their borrower must be found."""
        items = []
        read_bytes = 0
        for given in inputs:
            item = self._decided(given)
            items.append(item)
            read_bytes += len(given.raw)
            # Listing all violations of a large event takes a quarter of a second.
            if read_bytes > _MAX_BYTES_IN_A_TURN or isinstance(item.outcome, Refusal):
                read_bytes = 0
                await asyncio.sleep(0)
        return items

    def _decided(self, given: Input) -> _Item:
        candidate = self._validator.normalised(given)
        if isinstance(candidate, Refusal):
            return _Item(given, candidate, candidate)
        allowed = self._validator.allowed(candidate, given)
        if isinstance(allowed, Refusal):
            return _Item(given, candidate, allowed)
        if needs_borrower(candidate):
            return _Item(given, candidate, None if candidate.account_id else MISSING_BORROWER)
        outcome = self._validator.validate(candidate, given=given)
        return _Item(given, candidate if isinstance(outcome, Refusal) else None, outcome)

    async def _find_borrowers(self, items: Sequence[_Item]) -> None:
        """Decides the inputs that name only an account, in their order."""
        if not items:
            return
        candidates = [item.candidate for item in items if isinstance(item.candidate, Candidate)]
        accounts = {each.account_id for each in candidates if each.account_id}
        lookup = await self._accounts.look_up(sorted(accounts))
        addressed: list[tuple[_Item, AddressedEvent]] = []
        for item, candidate in zip(items, candidates, strict=True):
            outcome = self._validator.validate_with_account(candidate, lookup, given=item.given)
            item.outcome = outcome
            if isinstance(outcome, ValidEvent):
                addressed.append((item, AddressedEvent(item.given, candidate, outcome)))
        outcomes = await self._identity_check.outcomes([event for _, event in addressed])
        for (item, _), settled in zip(addressed, outcomes, strict=True):
            item.outcome = settled

    @staticmethod
    async def _through(step: Step, items: Sequence[_Item]) -> list[ValidEvent]:
        """Takes the valid events through a step; returns those that it did not refuse, in order."""
        valid_items = [item for item in items if isinstance(item.outcome, ValidEvent)]
        valid = [cast(ValidEvent, item.outcome) for item in valid_items]
        refusals = await step(valid)
        for index, refusal in refusals.items():
            valid_items[index].refuse(valid[index].event, refusal)
        return [each for index, each in enumerate(valid) if index not in refusals]

    async def _store(self, items: Sequence[_Item]) -> None:
        if not items:
            return
        numbers = await self._quarantine.add([self._quarantined(item) for item in items])
        for item, number in zip(items, numbers, strict=True):
            item.quarantine_id = number

    def _quarantined(self, item: _Item) -> QuarantinedInput:
        outcome, document = item.outcome, item.document
        return QuarantinedInput(
            input=item.given,
            refusal=outcome if isinstance(outcome, Refusal) else UNKNOWN_ACCOUNT,
            received_at=self._clock.now(),
            event_id=text_or_none(document.get("id")),
            source=text_or_none(document.get("source")),
            event_type=text_or_none(document.get("type")),
            account_id=outcome.account_id if isinstance(outcome, Parked) else None,
            is_parked=isinstance(outcome, Parked),
        )

    def _count(self, items: Sequence[_Item], stored: Sequence[_Item]) -> None:
        """Counts the results, each kind once: a label costs more than a number."""
        for (channel, result), number in _numbers(map(_result, items)):
            self._recorder.add(INPUTS, number, channel=channel, result=result)
        reasons = ((item.given.channel.value, _reason(item)) for item in stored)
        for (channel, reason), number in _numbers(reasons):
            self._recorder.add(QUARANTINED, number, channel=channel, reason=reason)


MISSING_BORROWER = Refusal(
    reason=RefusalReason.MISSING_BORROWER,
    pointer="/subject",
    detail="/subject is missing, and no account was given by which to find the borrower",
)
UNKNOWN_ACCOUNT = Refusal(
    reason=RefusalReason.UNKNOWN_ACCOUNT,
    pointer="/data/account_id",
    detail="no borrower is known for this account yet, or earlier events of it still wait",
)


def _parked_records(items: Sequence[_Item]) -> Iterator[InputParked]:
    """Yields what is parked for the intake log; a record of a raw topic is on a topic already."""
    for item in items:
        if isinstance(item.outcome, Parked) and item.given.channel is InputChannel.HTTP:
            yield InputParked.of(item.given, account_id=item.outcome.account_id)


def _is_stored(item: _Item) -> bool:
    outcome = item.outcome
    if isinstance(outcome, Refusal):
        return outcome.reason is not RefusalReason.SOURCE_NOT_ALLOWED
    return isinstance(outcome, Parked)


def _numbers(kinds: Iterable[tuple[str, str]]) -> ItemsView[tuple[str, str], int]:
    """Returns how often each kind comes; for one event, a `Counter` costs four times as much."""
    numbers: dict[tuple[str, str], int] = {}
    for kind in kinds:
        numbers[kind] = numbers.get(kind, 0) + 1
    return numbers.items()


def _result(item: _Item) -> tuple[str, str]:
    """Returns channel and result, as they are counted."""
    channel, outcome = item.given.channel.value, item.outcome
    if isinstance(outcome, ValidEvent):
        return channel, "accepted"
    if not _is_stored(item):
        return channel, "rejected"
    return channel, "parked" if isinstance(outcome, Parked) else "quarantined"


def _reason(item: _Item) -> str:
    outcome = item.outcome
    return (outcome if isinstance(outcome, Refusal) else UNKNOWN_ACCOUNT).reason.value


def _verdict(item: _Item) -> InputVerdict:
    assert item.outcome is not None
    if isinstance(item.outcome, ValidEvent):
        return InputVerdict(event_id=item.outcome.event.id, outcome=item.outcome)
    return InputVerdict(
        event_id=text_or_none(item.document.get("id")),
        outcome=item.outcome,
        quarantine_id=item.quarantine_id,
    )
