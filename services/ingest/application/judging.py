"""Decides what one input is: an event of ours, an event that waits for its borrower, or neither.

No input and no output happens here: bytes in, decision out. The order of the steps is the same for
a first look, a retry and a release, so that all three decide alike.
"""

from collections.abc import Mapping
from functools import cache

import structlog

from services.contracts.borrower import BorrowerRegistered
from services.contracts.currencies import decimals_of
from services.contracts.envelope import EVERYBODY, read_envelope, seal
from services.contracts.registry import DATA_MODELS, money_fields, read_data
from services.contracts.rejection import EventRejected
from services.contracts.strict_json import read_json
from services.contracts.usual import usual_event
from services.ingest.application.inputs import Channel, Input, Ready
from services.ingest.application.ports import RawMapping
from services.ingest.domain import normalising
from services.ingest.domain.candidate import Candidate, text_or_none
from services.ingest.domain.fingerprints import position_id
from services.ingest.domain.http_modes import cloud_event_of
from services.ingest.domain.plausibility import balance_refusal
from services.ingest.domain.reasons import Reason, Refusal
from services.ingest.domain.sources import may_speak_for

log = structlog.get_logger(__name__)

# Decisions of people and findings of scoring reach the topic only from the service that keeps
# the four eyes and the links; a core system that could send them would decide alone, or be told
# the state of a borrower that is no link of its own.
NOT_FOR_SOURCES = frozenset(
    {
        "dependant.linked.v1",
        "override.approved.v1",
        "related-state.changed.v1",
        "rulebook.activated.v1",
    }
)
# Stands in while an event that waits for its borrower is checked.
_NOBODY = "-"


class Judge:
    """Judges inputs by our contracts and the mappings of raw topics."""

    def __init__(self, *, mappings: Mapping[str, RawMapping], max_event_bytes: int) -> None:
        self._mappings = mappings
        self._max_event_bytes = max_event_bytes

    def usual(self, given: Input) -> Ready | None:
        """Return the event of an input in the form that nearly all have, None for all others.

        `candidate` and `ready` would find the same, a few times as slowly.
        """
        if given.channel is not Channel.HTTP or given.headers:
            return None
        try:
            found = usual_event(given.raw, max_bytes=self._max_event_bytes)
        except Exception:
            log.exception("event could not be recognised")
            return None
        if found is None:
            return None
        event, data = found
        if (
            event.type not in _usual_types()
            or not may_speak_for(event.source, allowed=given.sources)
            or balance_refusal(data) is not None
        ):
            return None
        return Ready(event=event)

    def candidate(self, given: Input) -> Candidate | Refusal:
        """Return what an input says, in our words and in our form."""
        try:
            found = self._read(given)
            return found if isinstance(found, Refusal) else normalising.normalised(found)
        except EventRejected as rejected:
            return _refusal(rejected)
        except Exception:  # noqa: BLE001 - logged, kept, and the neighbours go on
            return self._fault(given)

    def ready(self, candidate: Candidate, *, given: Input) -> Ready | Refusal:
        """Return the checked event of a candidate that knows its borrower."""
        try:
            return self._checked(candidate)
        except EventRejected as rejected:
            return _refusal(rejected, candidate)
        except Exception:  # noqa: BLE001 - logged, kept, and the neighbours go on
            return self._fault(given)

    def refusal_of_waiting(self, candidate: Candidate, *, given: Input) -> Refusal | None:
        """Return why a candidate would be refused even if its borrower were known."""
        checked = self.ready(candidate.told(_NOBODY), given=given)
        return checked if isinstance(checked, Refusal) else None

    def _read(self, given: Input) -> Candidate | Refusal:
        if given.channel is Channel.KAFKA:
            return self._read_record(given)
        document = cloud_event_of(
            read_json(given.raw, max_bytes=self._max_event_bytes),
            headers=given.headers,
        )
        if isinstance(document, Refusal):
            return document
        source = document.get("source")
        if isinstance(source, str) and not may_speak_for(source, allowed=given.sources):
            return Refusal(
                reason=Reason.SOURCE_NOT_ALLOWED,
                pointer="/source",
                detail="/source is none that this key may speak for",
            )
        data = document.get("data")
        account = data.get("account_id") if isinstance(data, dict) else None
        return Candidate(document=document, account_id=text_or_none(account))

    def _read_record(self, given: Input) -> Candidate | Refusal:
        position = given.position
        if position is None or position.topic not in self._mappings:
            return Refusal(
                reason=Reason.UNKNOWN_KIND, pointer="", detail="no mapping reads this raw topic"
            )
        if not given.raw:
            return Refusal(reason=Reason.EMPTY_RECORD, pointer="", detail="the record is empty")
        fallback = position_id(
            topic=position.topic,
            partition=position.partition,
            offset=position.offset,
            raw=given.raw,
        )
        record = read_json(given.raw, max_bytes=self._max_event_bytes)
        return self._mappings[position.topic].candidate(record, fallback_id=fallback)

    def _checked(self, candidate: Candidate) -> Ready | Refusal:
        event_type = candidate.document.get("type")
        if isinstance(event_type, str) and event_type in DATA_MODELS:
            if not is_for_sources(event_type):
                return Refusal(
                    reason=Reason.NOT_FOR_SOURCES,
                    pointer="/type",
                    detail="/type is written by Tocsin itself",
                )
            sized = normalising.with_minor_units(
                candidate, money_fields=money_fields(event_type), decimals_of=decimals_of
            )
            if isinstance(sized, Refusal):
                return sized
        event = read_envelope(candidate.document)
        data = read_data(event)
        accounts = data.account_ids or () if isinstance(data, BorrowerRegistered) else ()
        return balance_refusal(event.data) or Ready(event=seal(event), accounts=tuple(accounts))

    def _fault(self, given: Input) -> Refusal:
        # A defect of ours must not stop the neighbours of the input that shows it.
        log.exception(
            "input could not be judged",
            channel=given.channel,
            topic=given.position.topic if given.position else None,
            offset=given.position.offset if given.position else None,
        )
        return Refusal(
            reason=Reason.INTERNAL_ERROR, pointer="", detail="a fault of ours; it was logged"
        )


def needs_borrower(candidate: Candidate) -> bool:
    """Return whether the candidate names no borrower, and its type is about one."""
    event_type = candidate.document.get("type")
    model = DATA_MODELS.get(event_type) if isinstance(event_type, str) else None
    return "subject" not in candidate.document and model is not None and not model.EVERY_PARTITION


def is_for_sources(event_type: str) -> bool:
    """Return whether a source may send a type that we know; the others are our own words."""
    return event_type not in NOT_FOR_SOURCES and DATA_MODELS[event_type].TOPIC == "events"


@cache
def _usual_types() -> frozenset[str]:
    """Return the types that a source may send and whose data are of no further use here."""
    return frozenset(name for name in DATA_MODELS if is_for_sources(name)) - {
        BorrowerRegistered.TYPE
    }


def is_control(ready: Ready) -> bool:
    """Return whether an event goes to every partition."""
    return ready.event.subject == EVERYBODY


def _refusal(rejected: EventRejected, candidate: Candidate | None = None) -> Refusal:
    detail = rejected.detail
    origin = candidate.origin_of(rejected.pointer) if candidate else None
    if origin:
        detail += f" (mapped from {origin})"
    return Refusal(reason=Reason(rejected.code.value), pointer=rejected.pointer, detail=detail)
