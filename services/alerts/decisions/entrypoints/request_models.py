"""The request models of alerts."""

from typing import Annotated

from pydantic import Field

from services.alerts.decisions.application.read_models import AlertFilters
from services.alerts.primitives import limits
from services.alerts.primitives.vocabulary import (
    AlertStatus,
    AlertType,
    OutcomeCode,
    OwnerKind,
    RiskState,
    Severity,
)
from services.contracts.assessment import Factor, ProcessStage, TriggerClass
from services.kit.http.request_model import Moment, RequestModel

Identifier = Annotated[str, Field(min_length=1, max_length=limits.IDENTIFIER_CHARACTERS)]
Cursor = Annotated[str, Field(max_length=limits.CURSOR_CHARACTERS)]
PageLimit = Annotated[int, Field(ge=1, le=limits.PAGE_ITEMS)]


class AssignRequest(RequestModel):
    """The new owner of an alert."""

    owner_kind: OwnerKind = OwnerKind.OFFICER
    # The domain checks the pattern, because its refusal names the remedy.
    owner_id: Annotated[
        str,
        Field(
            min_length=1,
            max_length=limits.OWNER_ID_CHARACTERS,
            json_schema_extra={"pattern": limits.OWNER_ID_PATTERN},
        ),
    ]


class CommentRequest(RequestModel):
    """A comment on an alert."""

    text: Annotated[str, Field(min_length=1, max_length=limits.NOTE_CHARACTERS)]


class ResolveRequest(RequestModel):
    """The outcome with which an alert closes."""

    outcome_code: OutcomeCode
    note: Annotated[str, Field(max_length=limits.NOTE_CHARACTERS)] = ""


class DecisionQuery(RequestModel):
    """Which decisions about a borrower; without `at`, the newest."""

    at: Moment | None = None
    limit: PageLimit = limits.DEFAULT_PAGE_ITEMS


class BudgetQuery(RequestModel):
    """How many weeks are counted, up to the newest assessment."""

    weeks: Annotated[int, Field(ge=1, le=104)] = 12


class DigestQuery(RequestModel):
    """Which signals: those of assessments since a moment. Tasks are listed until they are done."""

    since: Moment
    limit: PageLimit = limits.DEFAULT_PAGE_ITEMS


class AlertQuery(RequestModel):
    """Filters of the list; a filter with several values matches any of them."""

    statuses: list[AlertStatus] = Field(default_factory=list, alias="status")
    severities: list[Severity] = Field(default_factory=list, alias="severity")
    states: list[RiskState] = Field(default_factory=list, alias="state")
    alert_types: list[AlertType] = Field(default_factory=list, alias="alert_type")
    borrower_id: Identifier | None = None
    owner_id: Identifier | None = None
    segment: Identifier | None = None
    branch_id: Identifier | None = None
    opened_from: Moment | None = None
    opened_before: Moment | None = None
    is_digest: bool | None = None
    factors: list[Factor] = Field(default_factory=list, alias="factor")
    triggers: list[TriggerClass] = Field(default_factory=list, alias="trigger")
    stages: list[ProcessStage] = Field(default_factory=list, alias="stage")
    cursor: Cursor | None = None
    limit: PageLimit = limits.DEFAULT_PAGE_ITEMS

    def filters(self) -> AlertFilters:
        """Returns the filters for the use case."""
        return AlertFilters(**self.model_dump(exclude={"cursor", "limit"}))
