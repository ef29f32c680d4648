"""REST about isolated borrowers: list them, and let one resume after a repair."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from services.kit.access.keys import Role
from services.kit.http.auth import Principal, require
from services.kit.http.json_route import JsonRoute
from services.kit.http.request_model import RequestModel
from services.scoring.application.isolated_borrowers import IsolatedBorrowers
from services.scoring.entrypoints.borrowers_api import BorrowerId

MOST_PER_PAGE = 500
NOT_ISOLATED: dict[int | str, dict[str, Any]] = {
    404: {"description": "No borrower of this id is isolated"}
}


class IsolatedBorrowerItem(BaseModel):
    """A borrower that is folded no further: since when, why, and what waits in the ledger."""

    borrower_id: str
    partition: int
    folded_to: int
    reason: str
    isolated_at: datetime
    resume_requested: bool
    waiting: int


class IsolatedBorrowersPage(BaseModel):
    """Isolated borrowers in the order of their ids."""

    items: list[IsolatedBorrowerItem]
    next_cursor: str | None


class ResumeRequest(RequestModel):
    """Why the borrower may resume: the defect, and the version that repairs it."""

    reason: str = Field(min_length=1, max_length=500)


Cursor = Annotated[str, Query(max_length=200, description="`next_cursor` of before.")]
Limit = Annotated[int, Query(ge=1, le=MOST_PER_PAGE)]


def router(isolated: IsolatedBorrowers) -> APIRouter:
    """Returns the routes."""
    routes = APIRouter(
        prefix="/v1/isolated-borrowers",
        route_class=JsonRoute,
        tags=["isolated borrowers"],
    )

    @routes.get("", dependencies=[Depends(require(Role.OPERATOR, Role.AUDITOR))])
    async def listed(cursor: Cursor = "", limit: Limit = 100) -> IsolatedBorrowersPage:
        """Returns isolated borrowers, with the events that wait."""
        rows = await isolated.listed(after=cursor, limit=limit)
        items = [
            IsolatedBorrowerItem(
                borrower_id=row.borrower_id,
                partition=row.partition,
                folded_to=row.folded_to,
                reason=row.reason,
                isolated_at=row.isolated_at,
                resume_requested=row.is_resume_requested,
                waiting=row.waiting,
            )
            for row in rows
        ]
        next_cursor = rows[-1].borrower_id if len(rows) == limit else None
        return IsolatedBorrowersPage(items=items, next_cursor=next_cursor)

    @routes.post(
        "/{borrower_id:path}/resume",
        status_code=202,
        responses=NOT_ISOLATED,
        dependencies=[Depends(require(Role.OPERATOR))],
    )
    async def resume(borrower_id: BorrowerId, body: ResumeRequest, request: Request) -> None:
        """Lets a borrower resume: its partition's owner folds what waits, within seconds."""
        principal: Principal = request.state.principal
        await isolated.resume(borrower_id, actor=principal.actor, reason=body.reason)

    return routes
