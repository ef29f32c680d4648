"""REST about one borrower: assessment, explanation, ledger, history.

The bodies are assembled from bytes that are JSON already (ledger rows, emitted events), so
nothing is decoded and encoded again on the way out.
"""

from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.contracts.bounds import ID_CHARACTERS
from services.contracts.schemas import inlined_schema
from services.kit.access.keys import READERS
from services.kit.http.access_log import audited_read
from services.kit.http.auth import KeyGuard, Principal
from services.kit.http.json_route import JsonRoute
from services.kit.stream.records import generation_and_offset
from services.scoring.application.borrower_queries import (
    MOST_PER_PAGE,
    BorrowerQueries,
    LedgerRow,
    Viewer,
)
from services.scoring.entrypoints.response_models import (
    BorrowerArrears,
    BorrowerAssessment,
    Explanation,
    HistoryPage,
    LedgerPage,
    arrears_body,
    assessment_body,
    explanation_body,
)
from services.wording.messages import Language
from services.wording.parties import without_parties

MOST_CURSOR = 2**62
POSITION = ("generation", "offset")
RELATED_STATE = "related-state.changed.v1"

BorrowerId = Annotated[
    str,
    Path(
        min_length=1,
        max_length=ID_CHARACTERS,
        pattern=r"^[!-~]+$",
        examples=["B-1001"],
        description="Printable ASCII, percent-encoded: a slash is %2F.",
    ),
]
AsOf = Annotated[
    date | None,
    Query(description="Business date: what was known when it was closed. Without it: now."),
]
InLanguage = Annotated[
    Language | None,
    Query(description="Adds `story`: the assessment in whole sentences of this language."),
]
Limit = Annotated[int, Query(ge=1, le=MOST_PER_PAGE)]
Cursor = Annotated[int | None, Query(ge=0, le=MOST_CURSOR, description="`next_cursor` of before.")]


def viewer(request: Request) -> Viewer:
    """Returns what the authenticated caller may see."""
    principal: Principal = request.state.principal
    return Viewer(
        sees_everything=principal.sees_everything,
        officer_ids=principal.officer_ids,
        branch_ids=principal.branch_ids,
    )


Caller = Annotated[Viewer, Depends(viewer)]


def body(model: type[Any]) -> dict[int | str, dict[str, Any]]:
    """Returns the description of a response whose body is written as bytes."""
    return {200: {"model": model}}


_ASSESSMENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": inlined_schema(BorrowerAssessment)}}}
}


def router(queries: BorrowerQueries) -> APIRouter:
    """Returns the routes."""
    routes = APIRouter(
        # A bank's ids may contain slashes; the server decodes "%2F" before it finds the route.
        prefix="/v1/borrowers/{borrower_id:path}",
        route_class=JsonRoute,
        tags=["borrowers"],
        dependencies=[Depends(KeyGuard(READERS)), Depends(audited_read("borrower_id"))],
    )

    @routes.get("/assessment", responses=_ASSESSMENT)
    async def assessment(borrower_id: BorrowerId, caller: Caller, as_of: AsOf = None) -> Response:
        """Returns the assessment of a borrower."""
        view = await queries.assessment(borrower_id, as_of=as_of, viewer=caller)
        return _json(assessment_body(view))

    @routes.get("/explanation", responses=body(Explanation))
    async def explanation(
        borrower_id: BorrowerId, caller: Caller, as_of: AsOf = None, language: InLanguage = None
    ) -> Response:
        """Returns the assessment with every indicator, measured or not, and why."""
        view = await queries.assessment(borrower_id, as_of=as_of, viewer=caller)
        return _json(explanation_body(view, language))

    @routes.get("/arrears", responses=body(BorrowerArrears))
    async def arrears(borrower_id: BorrowerId, caller: Caller, as_of: AsOf = None) -> Response:
        """Returns days late and days in arrears, of the borrower and of each loan and line."""
        view = await queries.assessment(borrower_id, as_of=as_of, viewer=caller)
        return _json(arrears_body(view))

    @routes.get("/ledger", responses=body(LedgerPage))
    async def ledger(
        borrower_id: BorrowerId, caller: Caller, cursor: Cursor = None, limit: Limit = 100
    ) -> Response:
        """Returns the applied events of a borrower, oldest first."""
        after = -1 if cursor is None else cursor
        rows = await queries.ledger(borrower_id, viewer=caller, after=after, limit=limit)
        items = [_ledger_item(row, caller) for row in rows]
        return _page(items, rows[-1].offset if len(rows) == limit else None)

    @routes.get("/history", responses=body(HistoryPage))
    async def history(
        borrower_id: BorrowerId, caller: Caller, cursor: Cursor = None, limit: Limit = 100
    ) -> Response:
        """Returns the emitted assessments of a borrower, newest first."""
        before = MOST_CURSOR if cursor is None else cursor
        rows = await queries.history(borrower_id, viewer=caller, before=before, limit=limit)
        items = [
            {"sequence": row.sequence, "event": _shown_event(row.event, caller)} for row in rows
        ]
        return _page(items, rows[-1].sequence if len(rows) == limit else None)

    return routes


def _ledger_item(row: LedgerRow, caller: Viewer) -> dict[str, Any]:
    return {
        "partition": row.partition,
        **dict(zip(POSITION, generation_and_offset(row.offset), strict=True)),
        "day": row.day,
        "event": _shown_row(row.event, caller),
    }


def _shown_row(event: bytes, caller: Viewer) -> msgspec.Raw:
    """Returns an applied event, without the state of another customer where that is hidden."""
    if caller.sees_everything or RELATED_STATE.encode() not in event:
        return msgspec.Raw(event)
    envelope = msgspec.json.decode(event)
    if envelope["type"] == RELATED_STATE:
        hidden = ("state", "from_state")
        data = envelope["data"].items()
        envelope["data"] = {name: value for name, value in data if name not in hidden}
    return msgspec.Raw(msgspec.json.encode(envelope, order="deterministic"))


def _shown_event(event: bytes, caller: Viewer) -> msgspec.Raw:
    """Returns an assessment as it was sent, without other customers where they are hidden."""
    if caller.sees_everything:
        return msgspec.Raw(event)
    envelope = msgspec.json.decode(event)
    envelope["data"] = without_parties(envelope.get("data") or {})
    return msgspec.Raw(msgspec.json.encode(envelope, order="deterministic"))


def _page(items: list[dict[str, Any]], cursor: int | None) -> Response:
    return _json(msgspec.json.encode({"items": items, "next_cursor": cursor}))


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")
