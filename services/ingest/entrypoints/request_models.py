"""The bodies and queries of requests."""

from typing import Annotated

from pydantic import Field

from services.ingest.application.inputs import Status
from services.ingest.application.ports import EntryFilters
from services.ingest.domain.reasons import RefusalReason
from services.kit.http.request_model import Identifier, RequestModel

MAX_PER_PAGE = 500
MAX_IMPORTED_AT_ONCE = 10_000


class ListQuery(RequestModel):
    """The choice of quarantined inputs to list."""

    status: Status | None = None
    reason: RefusalReason | None = None
    topic: str | None = None
    source: str | None = None
    account_id: str | None = None
    after: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    limit: Annotated[int, Field(ge=1, le=MAX_PER_PAGE)] = 50

    def filters(self) -> EntryFilters:
        """Returns the filters of the query."""
        return EntryFilters(**self.model_dump(exclude={"after", "limit"}))


class DiscardBody(RequestModel):
    """The reason why an input will never be an event."""

    reason: Annotated[str, Field(min_length=3, max_length=1000)]


class RetryBody(RequestModel):
    """The choice of open inputs to retry; at least one field, so nobody retries all by mistake."""

    reason: RefusalReason | None = None
    topic: str | None = None
    source: str | None = None
    account_id: str | None = None


class HistoryLoadBody(RequestModel):
    """The sources of a load of history; one that ends with `*` is a prefix."""

    sources: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=200)]],
        Field(min_length=1, max_length=100),
    ]
    reason: Annotated[str, Field(min_length=3, max_length=1000)]


class AccountBody(RequestModel):
    """An account and its borrower."""

    account_id: Identifier
    borrower_id: Identifier


class AccountsBody(RequestModel):
    """Accounts to import for the source that owns them."""

    source: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")]
    accounts: Annotated[list[AccountBody], Field(min_length=1, max_length=MAX_IMPORTED_AT_ONCE)]
