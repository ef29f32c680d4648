"""How the refusals of the use cases look on HTTP; the pages show the same texts."""

from fastapi import Request
from fastapi.responses import Response

from services.alerts.primitives.errors import (
    InvalidInput,
    NotFound,
    StepRefused,
    VersionConflict,
)
from services.kit import problems
from services.kit.database import DatabaseUnavailable
from services.kit.problems import ProblemKind, ProblemTable, problem_response

STEP_REFUSED = ProblemKind(409, "step-refused", "The alert's status does not allow this step")

PROBLEMS: ProblemTable = {
    NotFound: problems.NOT_FOUND,
    VersionConflict: problems.STALE,
    StepRefused: STEP_REFUSED,
    DatabaseUnavailable: problems.UNAVAILABLE,
}


async def on_invalid_input(request: Request, error: Exception) -> Response:
    """Answer a value that makes no sense, naming its field."""
    assert isinstance(error, InvalidInput)
    return problem_response(
        problems.INVALID,
        detail=error.detail,
        instance=request.url.path,
        extra={"errors": [{"detail": error.detail, "code": "value", "field": error.field}]},
    )
