"""Keeps the borrower of an event that names only an account, from its first time on.

The identities of control events are stored too, by their gate.

An account may move to another borrower. An event of it that is sent again must still go to its
first borrower: elsewhere it would be applied a second time. So (source, id) and the borrower are
stored before the event is published. What must stay true: each event whose borrower ingest found by
its account passes here, whether it is new, released or retried.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple, Protocol

import msgspec

from services.contracts.envelope import content_of
from services.contracts.strict_json import encode_canonical
from services.contracts.validation import ValidEvent
from services.ingest.application.input_validation import InputValidator
from services.ingest.application.inputs import Input
from services.ingest.application.intake_log import IntakeLog
from services.ingest.application.ports import AccountDirectory
from services.ingest.domain.candidate import Candidate
from services.ingest.domain.reasons import Refusal, RefusalReason

DIGEST_BYTES = 16

ID_REUSED = Refusal(
    reason=RefusalReason.ID_REUSED,
    pointer="/id",
    detail="/id was used by this source for an event with other content",
)


class EventIdentity(NamedTuple):
    """The identity of an event, its borrower, and a digest of all else."""

    source: str
    event_id: str
    borrower_id: str
    digest: bytes


class EventIdentities(Protocol):
    """The identities of events that named only an account, and of control events."""

    async def first(self, identities: Sequence[EventIdentity]) -> Sequence[EventIdentity]:
        """Returns the identity that was stored first for each (source, id), and stores new ones.

        Each (source, id) comes once. Durable when it returns.
        """
        ...


class AccountStores(NamedTuple):
    """What is stored about accounts: their borrowers, the identities of their events, the log."""

    directory: AccountDirectory
    identities: EventIdentities
    log: IntakeLog


class AddressedEvent(NamedTuple):
    """An event with the borrower of its account."""

    given: Input
    candidate: Candidate
    event: ValidEvent


class IdentityCheck:
    """Gives each event that is sent again its first borrower."""

    def __init__(self, *, validator: InputValidator, identities: EventIdentities) -> None:
        self._validator = validator
        self._identities = identities

    async def outcomes(self, addressed: Sequence[AddressedEvent]) -> list[ValidEvent | Refusal]:
        """Returns each event under its first borrower, or the refusal of other content.

        Raises:
            Unavailable: If the database does not answer.
        """
        if not addressed:
            return []
        identities = [identity_of(each.event.value) for each in addressed]
        new: dict[tuple[str, str], EventIdentity] = {}
        for identity in identities:
            new.setdefault(identity[:2], identity)
        stored = {each[:2]: each for each in await self._identities.first(list(new.values()))}
        return [
            self._outcome(each, identity, stored[identity[:2]])
            for each, identity in zip(addressed, identities, strict=True)
        ]

    def _outcome(
        self, addressed: AddressedEvent, identity: EventIdentity, first: EventIdentity
    ) -> ValidEvent | Refusal:
        if identity.digest != first.digest:
            return ID_REUSED
        if identity.borrower_id == first.borrower_id:
            return addressed.event
        candidate = addressed.candidate.with_subject(first.borrower_id, encode=encode_canonical)
        return self._validator.validate(candidate, given=addressed.given)


class _Named(msgspec.Struct, gc=False):
    source: str
    id: str
    subject: str


_decode_named: Final = msgspec.json.Decoder(_Named).decode


def identity_of(value: bytes) -> EventIdentity:
    """Returns the identity of an event in its canonical bytes."""
    named = _decode_named(value)
    digest = blake2b(content_of(value), digest_size=DIGEST_BYTES).digest()
    return EventIdentity(named.source, named.id, named.subject, digest)
