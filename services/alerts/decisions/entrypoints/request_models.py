"""The request models of alerts."""

from typing import Annotated, Literal

from pydantic import Field

from services.alerts.decisions.application.read_models import AlertFilters
from services.alerts.decisions.application.work_list import WorkScope, WorkTab
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


Reason = Annotated[str, Field(min_length=1, max_length=limits.NOTE_CHARACTERS)]


class SnoozeRequest(RequestModel):
    """Until when an alert waits, and why."""

    until: Moment
    reason: Reason


class ReopenRequest(RequestModel):
    """Why a resolved alert is opened again."""

    reason: Reason


class LinkRequest(RequestModel):
    """A document about an alert, and the SHA-256 of its content; Tocsin never fetches it."""

    url: Annotated[str, Field(min_length=1, max_length=limits.LINK_URL_CHARACTERS)]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    title: Annotated[str, Field(min_length=1, max_length=limits.LINK_TITLE_CHARACTERS)]


class CommentRequest(RequestModel):
    """A comment on an alert."""

    text: Annotated[str, Field(min_length=1, max_length=limits.NOTE_CHARACTERS)]


class ResolveRequest(RequestModel):
    """The outcome with which an alert closes."""

    outcome_code: OutcomeCode
    note: Annotated[str, Field(max_length=limits.NOTE_CHARACTERS)] = ""


class BulkPlain(RequestModel):
    """A step that needs no further values."""

    step: Literal["acknowledge", "start", "take", "end-snooze"]


class BulkAssign(AssignRequest):
    """Assigns the alerts to one owner."""

    step: Literal["assign"]


class BulkSnooze(SnoozeRequest):
    """Lets the alerts wait."""

    step: Literal["snooze"]


class BulkResolve(ResolveRequest):
    """Closes the alerts with one outcome."""

    step: Literal["resolve"]


class BulkReopen(ReopenRequest):
    """Opens resolved alerts again."""

    step: Literal["reopen"]


class BulkItem(RequestModel):
    """An alert, and the version that was read."""

    alert_id: Identifier
    version: Annotated[int, Field(ge=1)]


class BulkRequest(RequestModel):
    """One step on several alerts; each is checked and recorded for itself."""

    command: Annotated[
        BulkPlain | BulkAssign | BulkSnooze | BulkResolve | BulkReopen,
        Field(discriminator="step"),
    ]
    items: Annotated[list[BulkItem], Field(min_length=1, max_length=limits.BULK_ITEMS)]


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
    tab: WorkTab | None = Field(default=None, description="the list to work off; no other filter")
    scope: WorkScope = WorkScope.ALL
    cursor: Cursor | None = None
    limit: PageLimit = limits.DEFAULT_PAGE_ITEMS

    def filters(self) -> AlertFilters:
        """Returns the filters for the use case."""
        return AlertFilters(**self.model_dump(exclude={"tab", "scope", "cursor", "limit"}))
