"""REST that sends stored assessments again, for operators."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from services.kit.access.keys import Role
from services.kit.http.auth import Principal, require
from services.kit.http.json_route import JsonRoute
from services.scoring.application.assessment_resend import AssessmentResend
from services.scoring.entrypoints.borrowers_api import MOST_CURSOR, BorrowerId

NO_ASSESSMENT: dict[int | str, dict[str, Any]] = {
    404: {"description": "No assessment of this number or a later one"}
}


class AssessmentResendRequest(BaseModel):
    """The first assessment that is missing, and why it is sent again."""

    from_sequence: int = Field(default=1, ge=1, le=MOST_CURSOR)
    reason: str = Field(min_length=1, max_length=500)


class ResentPage(BaseModel):
    """How many assessments leave, and the first of those that are left; null: none."""

    resent: int
    next_sequence: int | None


def router(resend: AssessmentResend) -> APIRouter:
    """Returns the route."""
    routes = APIRouter(prefix="/v1/borrowers", route_class=JsonRoute, tags=["borrowers"])

    @routes.post(
        "/{borrower_id:path}/assessments/resend",
        status_code=202,
        responses=NO_ASSESSMENT,
        dependencies=[Depends(require(Role.OPERATOR))],
    )
    async def resent(
        borrower_id: BorrowerId, body: AssessmentResendRequest, request: Request
    ) -> ResentPage:
        """Sends stored assessments to the risk topic again, in order, a bounded number at once."""
        principal: Principal = request.state.principal
        page = await resend.resend(
            borrower_id,
            from_sequence=body.from_sequence,
            actor=principal.name,
            reason=body.reason,
        )
        return ResentPage(resent=page.resent, next_sequence=page.next_sequence)

    return routes
