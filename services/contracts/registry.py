"""All event types that we know, and the check of an event's data against its type.

`DATA_MODELS` has exactly one model for each folder under `schemas/events`, which a test proves.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args, get_type_hints

from pydantic_core import ValidationError

from services.contracts import (
    account,
    alert,
    assessment,
    borrower,
    collateral,
    control,
    loan,
    officer,
    repayment,
    statement,
)
from services.contracts.envelope import EVERYBODY, CloudEvent
from services.contracts.fields import MONEY_TYPES, EventData, WireModel
from services.contracts.rejection import EventRejected, RejectionCode, json_pointer
from services.contracts.violations import rejection_of

_MODELS: tuple[type[EventData], ...] = (
    borrower.BorrowerRegistered,
    borrower.GroupLinked,
    borrower.DependantLinked,
    borrower.RelatedPartiesDeclared,
    borrower.RelatedStateChanged,
    borrower.ExternalDelinquencyReported,
    loan.LoanBooked,
    loan.SchedulePublished,
    loan.ScheduleChanged,
    loan.LoanDisbursed,
    loan.LoanClosed,
    repayment.RepaymentPosted,
    repayment.RepaymentFailed,
    repayment.RepaymentReversed,
    repayment.PromiseMade,
    repayment.ClaimDisputed,
    account.AccountTransacted,
    account.AccountBalanceClosed,
    account.AccountItemReturned,
    account.AccountBlocked,
    account.FacilityBalanceClosed,
    account.LimitChanged,
    statement.StatementReceived,
    statement.StatementDue,
    statement.CovenantCertified,
    statement.ForecastReceived,
    collateral.CollateralValued,
    collateral.GuarantorLinked,
    officer.InspectionRecorded,
    officer.FindingRaised,
    officer.OverrideApproved,
    control.DayClosed,
    control.RulebookActivated,
    control.CalendarPublished,
    control.FxPublished,
    control.SectorStressPublished,
    assessment.AssessmentChanged,
    assessment.AssessmentCorrected,
    assessment.MaturityApproaching,
    assessment.InspectionFellDue,
    alert.AlertOpened,
    alert.AlertUpdated,
    alert.AlertAcknowledged,
    alert.AlertAssigned,
    alert.AlertCommented,
    alert.AlertResolved,
)

DATA_MODELS: dict[str, type[EventData]] = {model.TYPE: model for model in _MODELS}


def model_of(event_type: str) -> type[EventData]:
    """Return the data model of an event type.

    Raises:
        EventRejected: If we do not know the type.
    """
    model = DATA_MODELS.get(event_type)
    if model is None:
        raise EventRejected(
            code=RejectionCode.UNKNOWN_TYPE,
            pointer="/type",
            detail="is no event type of ours; the list is schemas/events, "
            "and the version belongs to it: repayment.posted.v1",
        )
    return model


def read_data(event: CloudEvent) -> EventData:
    """Return the event's data as its model; checks what the type asks of the envelope too.

    Unknown fields of `data` are ignored: a newer producer may send more.

    Raises:
        EventRejected: With code, JSON pointer and remedy.
    """
    model = model_of(event.type)
    _check_subject(event, model)
    _check_correction(event, model)
    try:
        return model.model_validate(event.data)
    except ValidationError as error:
        raise rejection_of(error, at=("data",)) from error


def unknown_fields(event_type: str, data: dict[str, Any]) -> list[str]:
    """Return the fields of `data` that the type does not have; our own producers send none."""
    model = model_of(event_type)
    known = {field.alias or name for name, field in model.model_fields.items()}
    return sorted(set(data) - known)


@cache
def money_fields(event_type: str) -> frozenset[str]:
    """Return the names of the fields of a type that hold money, those of nested objects too."""
    return frozenset(_money_fields(model_of(event_type)))


def _money_fields(model: type[WireModel]) -> Iterator[str]:
    for name, hint in get_type_hints(model, include_extras=True).items():
        parts = list(_parts(hint))
        if any(part in MONEY_TYPES for part in parts):
            yield name
        for part in parts:
            if isinstance(part, type) and issubclass(part, WireModel):
                yield from _money_fields(part)


def _parts(hint: Any) -> Iterator[Any]:
    yield hint
    for part in get_args(hint):
        yield from _parts(part)


def _check_subject(event: CloudEvent, model: type[EventData]) -> None:
    if model.EVERY_PARTITION and event.subject != EVERYBODY:
        raise _attribute(
            "subject", f"must be {EVERYBODY!r}: this event is about no single borrower"
        )
    if not model.EVERY_PARTITION and event.subject == EVERYBODY:
        raise _attribute("subject", "must be a borrower id: this event is about one borrower")


def _check_correction(event: CloudEvent, model: type[EventData]) -> None:
    if model.CORRECTION is None:
        return
    if event.correctsid is None:
        raise EventRejected(
            code=RejectionCode.MISSING_ATTRIBUTE,
            pointer="/correctsid",
            detail="/correctsid is required: the id of the event that is taken back",
        )
    if event.correctionkind != model.CORRECTION:
        raise _attribute("correctionkind", f"must be {model.CORRECTION!r} for this type")


def _attribute(name: str, words: str) -> EventRejected:
    pointer = json_pointer(name)
    return EventRejected(
        code=RejectionCode.INVALID_ATTRIBUTE, pointer=pointer, detail=f"{pointer} {words}"
    )
