"""REST that sends events of a borrower again, for operators."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from services.kit.access.keys import Role
from services.kit.http.auth import Principal, require
from services.kit.http.json_route import JsonRoute
from services.kit.http.request_model import RequestModel
from services.scoring.application.event_resend import EventResend, ResendSpan
from services.scoring.entrypoints.borrowers_api import MOST_CURSOR, BorrowerId

NO_BORROWER: dict[int | str, dict[str, Any]] = {404: {"description": "No such borrower"}}


class EventResendRequest(RequestModel):
    """The first events to send again, and why; null: none of this kind."""

    from_sequence: int | None = Field(
        default=1, ge=1, le=MOST_CURSOR, description="The first assessment."
    )
    from_number: int | None = Field(
        default=1,
        ge=1,
        le=MOST_CURSOR,
        description="The first event for a linked borrower or reminder: the number that ends its "
        "id.",
    )
    reason: str = Field(min_length=1, max_length=500)


class ResentPage(BaseModel):
    """How many events leave, and the first of those that are left; null: none."""

    resent: int
    next_sequence: int | None
    next_number: int | None


def router(resend: EventResend) -> APIRouter:
    """Returns the route."""
    routes = APIRouter(prefix="/v1/borrowers", route_class=JsonRoute, tags=["borrowers"])

    @routes.post(
        "/{borrower_id:path}/resend",
        status_code=202,
        responses=NO_BORROWER,
        dependencies=[Depends(require(Role.OPERATOR))],
    )
    async def resent(
        borrower_id: BorrowerId, body: EventResendRequest, request: Request
    ) -> ResentPage:
        """Sends assessments, events for linked borrowers and reminders again, a page at once."""
        principal: Principal = request.state.principal
        span = ResendSpan(sequence=body.from_sequence, number=body.from_number)
        page = await resend.resend(borrower_id, span, actor=principal.actor, reason=body.reason)
        return ResentPage(
            resent=page.resent, next_sequence=page.left.sequence, next_number=page.left.number
        )

    return routes
