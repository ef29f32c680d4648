"""Maps the refusals of the use cases to problem documents; the pages show the same texts."""

from fastapi import Request
from fastapi.responses import Response

from services.alerts.directory.domain.organisation_faults import InvalidDirectory
from services.alerts.primitives.errors import (
    AlertsError,
    InvalidInput,
    ResourceNotFound,
    StepRefused,
    VersionConflict,
)
from services.kit.database import DatabaseUnavailable
from services.kit.http import problems
from services.kit.http.approvals_api import APPROVAL_PROBLEMS
from services.kit.http.problems import ProblemKind, ProblemTable, problem_response

STEP_REFUSED = ProblemKind(409, "step-refused", "The alert's status does not allow this step")

PROBLEMS: ProblemTable = {
    ResourceNotFound: problems.NOT_FOUND,
    VersionConflict: problems.STALE,
    StepRefused: STEP_REFUSED,
    DatabaseUnavailable: problems.UNAVAILABLE,
    **APPROVAL_PROBLEMS,
}


def status_of(error: AlertsError) -> int:
    """Returns the status with which a refusal is answered."""
    return PROBLEMS.get(type(error), problems.INVALID).status


async def on_invalid_directory(request: Request, error: Exception) -> Response:
    """Answers 422 with every fault of a directory; each names its path in the document."""
    assert isinstance(error, InvalidDirectory)
    faults = [
        {"detail": str(fault), "code": "directory", "in": "body", "pointer": "/directory"}
        for fault in error.faults
    ]
    return problem_response(
        problems.INVALID,
        detail=f"the directory has {len(faults)} faults",
        instance=request.url.path,
        extra={"errors": faults},
    )


async def on_invalid_input(request: Request, error: Exception) -> Response:
    """Answers 422 with the location of the value, as for a request that breaks its schema."""
    assert isinstance(error, InvalidInput)
    location = (
        {"in": "query", "parameter": error.parameter}
        if error.pointer is None
        else {"in": "body", "pointer": error.pointer}
    )
    return problem_response(
        problems.INVALID,
        detail=error.detail,
        instance=request.url.path,
        extra={"errors": [{"detail": error.detail, "code": "value", **location}]},
    )
