"""Decides what one input is: a valid event, an event whose borrower is not known yet, or neither.

No input or output happens here: bytes in, decision out. The order of the steps is the same for the
first attempt, a retry and a release, so that all three decide alike.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import structlog

from services.contracts.currencies import decimals_of
from services.contracts.envelope import CloudEvent
from services.contracts.fields import EventData, date_windows, has_optional_currency, money_fields
from services.contracts.registry import EVENT_TYPES, EventSender, EventType
from services.contracts.rejection import EventRejected
from services.contracts.statement import StatementReceivedV1, is_balanced
from services.contracts.strict_json import encode_canonical, read_json, read_with_canonical
from services.contracts.validation import ValidEvent, validate
from services.ingest.application.inputs import Input, InputChannel, Parked
from services.ingest.application.ports import AccountLookup, RawMapping
from services.ingest.domain import normalising
from services.ingest.domain.candidate import Candidate, Document, text_or_none
from services.ingest.domain.fingerprints import position_id
from services.ingest.domain.http_modes import cloud_event_of
from services.ingest.domain.plausibility import UNBALANCED, currency_refusal, date_refusal
from services.ingest.domain.reasons import Refusal, RefusalReason
from services.ingest.domain.sources import may_send, may_speak_for

log = structlog.get_logger(__name__)

# The subject of an event that is checked before its borrower is known.
_UNKNOWN_BORROWER = "-"

DRILL_EVENT: Final = Refusal(
    reason=RefusalReason.NO_DRILLS,
    pointer="/drillid",
    detail="/drillid marks an event of a drill, and drills are not supported yet",
)


class InputValidator:
    """Validates inputs by the contracts and the mappings of raw topics."""

    def __init__(self, *, mappings: Mapping[str, RawMapping], max_event_bytes: int) -> None:
        self._mappings = mappings
        self._max_event_bytes = max_event_bytes

    def read(self, given: Input) -> Candidate | Refusal:
        """Returns an input in our words and in our form, if its sender may send it."""
        candidate = self.normalised(given)
        return candidate if isinstance(candidate, Refusal) else self.allowed(candidate, given)

    def allowed(self, candidate: Candidate, given: Input) -> Candidate | Refusal:
        """Returns the candidate, or why its sender may not send it.

        It is normalised: white space around a type must not lead past the powers of a key.
        """
        is_by_key = given.channel is not InputChannel.KAFKA
        return (_power_refusal(candidate.document, given) if is_by_key else None) or candidate

    def normalised(self, given: Input) -> Candidate | Refusal:
        """Returns an input in our words and in our form, whoever sent it."""
        try:
            candidate = self._read(given)
            if isinstance(candidate, Refusal):
                return candidate
            return normalising.normalised(candidate, encode=encode_canonical)
        except EventRejected as rejected:
            return _refusal(rejected)
        except Exception:  # noqa: BLE001 - logged and quarantined; other inputs go on
            return self._fault(given)

    def validate(self, candidate: Candidate, *, given: Input) -> ValidEvent | Refusal:
        """Returns the event of a candidate whose borrower is known."""
        try:
            return self._validate(candidate)
        except EventRejected as rejected:
            return _refusal(rejected, candidate)
        except Exception:  # noqa: BLE001 - logged and quarantined; other inputs go on
            return self._fault(given)

    def validate_with_account(
        self, candidate: Candidate, lookup: AccountLookup, *, given: Input
    ) -> ValidEvent | Parked | Refusal:
        """Returns the event of a candidate with the borrower of its account.

        It is parked, unless it is invalid, while the borrower is unknown or others of its account
        are parked.
        """
        account = candidate.account_id
        assert account is not None
        borrower = lookup.borrowers.get(account)
        if borrower is not None and account not in lookup.queued:
            return self.validate(
                candidate.with_subject(borrower, encode=encode_canonical), given=given
            )
        checked = self.validate(
            candidate.with_subject(_UNKNOWN_BORROWER, encode=encode_canonical), given=given
        )
        return checked if isinstance(checked, Refusal) else Parked(account_id=account)

    def _read(self, given: Input) -> Candidate | Refusal:
        if given.channel is InputChannel.KAFKA:
            return self._read_record(given)
        body, canonical = read_with_canonical(given.raw, max_bytes=self._max_event_bytes)
        document = cloud_event_of(body, headers=given.headers, read_json=self._read_json)
        if isinstance(document, Refusal):
            return document
        data = document.get("data")
        account = data.get("account_id") if isinstance(data, dict) else None
        is_same = document is body
        return Candidate(document, text_or_none(account), {}, canonical if is_same else None)

    def _read_record(self, given: Input) -> Candidate | Refusal:
        position = given.position
        if position is None or position.topic not in self._mappings:
            return Refusal(
                reason=RefusalReason.UNKNOWN_KIND,
                pointer="",
                detail="no mapping reads this raw topic",
            )
        if not given.raw:
            return Refusal(
                reason=RefusalReason.EMPTY_RECORD, pointer="", detail="the record is empty"
            )
        fallback = position_id(
            topic=position.topic,
            partition=position.partition,
            offset=position.offset,
            raw=given.raw,
        )
        record = self._read_json(given.raw)
        return self._mappings[position.topic].candidate(record, fallback_id=fallback)

    def _read_json(self, raw: bytes) -> object:
        return read_json(raw, max_bytes=self._max_event_bytes)

    def _validate(self, candidate: Candidate) -> ValidEvent | Refusal:
        event_type = event_type_of(candidate.document)
        if event_type is not None:
            if event_type.sender is not EventSender.SOURCES:
                return Refusal(
                    reason=RefusalReason.NOT_FOR_SOURCES,
                    pointer="/type",
                    detail="/type is written by Tocsin itself",
                )
            if "drillid" in candidate.document:
                return DRILL_EVENT
            amounts = money_fields(event_type.data)
            if has_optional_currency(event_type.data):
                refusal = currency_refusal(candidate.data, money_fields=amounts)
                if refusal is not None:
                    return refusal
            sized = normalising.with_minor_units(
                candidate, money_fields=amounts, decimals_of=decimals_of
            )
            if isinstance(sized, Refusal):
                return sized
            candidate = sized
        valid = validate(candidate.document, canonical=candidate.canonical)
        return _plausibility_refusal(valid.event) or valid

    def _fault(self, given: Input) -> Refusal:
        # A defect must not stop the inputs around the one that triggers it.
        log.exception(
            "input.validation_failed",
            channel=given.channel,
            topic=given.position.topic if given.position else None,
            offset=given.position.offset if given.position else None,
        )
        return Refusal(
            reason=RefusalReason.INTERNAL_ERROR,
            pointer="",
            detail="an internal error; it was logged",
        )


def event_type_of(document: Document) -> EventType | None:
    """Returns the event type of a document; None if there is no such type."""
    name = document.get("type")
    return EVENT_TYPES.get(name) if isinstance(name, str) else None


def needs_borrower(candidate: Candidate) -> bool:
    """Returns whether the candidate names no borrower, and its type is about one."""
    if "subject" in candidate.document:
        return False
    event_type = event_type_of(candidate.document)
    return event_type is not None and not event_type.to_every_partition


def _power_refusal(document: Document, given: Input) -> Refusal | None:
    """Returns why a key may not send an event of this source or type."""
    source = document.get("source")
    if isinstance(source, str) and not may_speak_for(source, given.sources):
        return Refusal(
            reason=RefusalReason.SOURCE_NOT_ALLOWED,
            pointer="/source",
            detail="/source is none that this key may speak for",
        )
    return _type_refusal(event_type_of(document), given.may_send)


def _type_refusal(event_type: EventType | None, allowed: tuple[str, ...]) -> Refusal | None:
    if event_type is None or event_type.sender is not EventSender.SOURCES:
        return None
    name = event_type.name_without_version
    if may_send(name, allowed, is_control=event_type.to_every_partition):
        return None
    return Refusal(
        reason=RefusalReason.TYPE_NOT_ALLOWED,
        pointer="/type",
        detail=f"/type is {event_type.name}, which this key may not send",
    )


def _plausibility_refusal(event: CloudEvent[EventData]) -> Refusal | None:
    windows = date_windows(type(event.data))
    dates = [
        (field, day, most_days)
        for field, most_days in windows
        if (day := getattr(event.data, field))
    ]
    refusal = date_refusal(dates, booked=event.time.date())
    if refusal is None and isinstance(event.data, StatementReceivedV1):
        return _balance_refusal(event.data)
    return refusal


def _balance_refusal(statement: StatementReceivedV1) -> Refusal | None:
    """Returns a refusal if the sides differ; a missing line is missing, never zero."""
    sides = statement.total_assets, statement.total_liabilities, statement.equity
    amounts = [Decimal(side) for side in sides if side]
    return UNBALANCED if len(amounts) == len(sides) and not is_balanced(*amounts) else None


def _refusal(rejected: EventRejected, candidate: Candidate | None = None) -> Refusal:
    detail = rejected.detail
    origin = candidate.origin_of(rejected.pointer) if candidate else None
    if origin:
        detail += f" (mapped from {origin})"
    return Refusal(
        reason=RefusalReason(rejected.code.value), pointer=rejected.pointer, detail=detail
    )
