"""Codecs under which the data of one borrower break the fold, as a defect of a version does."""

from dataclasses import replace

from services.scoring.application.ports import Codec
from services.scoring.domain.assess.assessment import Assessment
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.event import Event
from services.scoring.domain.events.loans import SchedulePublished
from tests.fakes.wire_events import START


class Poison(ArithmeticError):
    """What a poisoned codec raises."""


def breaking_event(codec: Codec, event_id: str) -> Codec:
    """Return a codec that decodes an event to one whose fold raises after it has begun."""

    def decode(raw: bytes) -> Event:
        event = codec.decode(raw)
        return _broken_schedule(event) if event.id == event_id else event

    return replace(codec, decode=decode)


def _broken_schedule(event: Event) -> Event:
    """Return a schedule in the event's place, with fewer amounts than due days."""
    return SchedulePublished(
        source=event.source,
        id=event.id,
        borrower_id=event.borrower_id,
        at_us=event.at_us,
        day=event.day,
        corrects_id=None,
        correction_kind=0,
        loan_id="L-broken",
        schedule_version=1,
        currency="EUR",
        due_days=[event.day, event.day + 1],
        due_principal_minor=[],
        due_interest_minor=[],
        due_fees_minor=[],
    )


def breaking_state(codec: Codec, borrower_id: str, *, from_day: int) -> Codec:
    """Return a codec that cannot write a borrower's state once a day is closed."""

    def encode(borrower: Borrower) -> bytes:
        if borrower.borrower_id == borrower_id and borrower.counters.closed_day >= from_day:
            raise Poison(f"{borrower_id} after day {from_day}")
        return codec.encode_state(borrower)

    return replace(codec, encode_state=encode)


def breaking_everybody(codec: Codec, *, from_day: int) -> Codec:
    """Return a codec that can write nobody's state once this day of the test is closed."""

    def encode(borrower: Borrower) -> bytes:
        if borrower.counters.closed_day >= START.toordinal() + from_day:
            raise Poison(f"day {from_day} is closed")
        return codec.encode_state(borrower)

    return replace(codec, encode_state=encode)


def breaking_assessment(codec: Codec, borrower_id: str, *, sequence: int) -> Codec:
    """Return a codec that cannot write a borrower's assessments from this sequence on."""

    def encode(assessment: Assessment) -> bytes:
        if assessment.borrower_id == borrower_id and assessment.sequence >= sequence:
            raise Poison(f"{borrower_id} from assessment {sequence}")
        return codec.encode_assessment(assessment)

    return replace(codec, encode_assessment=encode)
