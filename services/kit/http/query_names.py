"""Query parameters that a route does not have are refused, with the names that resemble them.

A filter that is misspelled would narrow nothing, and the caller would take all for some.
"""

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

UNKNOWN_PARAMETER = "unknown_parameter"


def query_names(dependant: Dependant) -> frozenset[str]:
    """Returns the names of the query parameters of a route, with those of its dependencies."""
    own = (_names(field.alias, field.field_info.annotation) for field in dependant.query_params)
    inner = (query_names(each) for each in dependant.dependencies)
    return frozenset[str]().union(*own, *inner)


def _names(alias: str, annotation: Any) -> Collection[str]:
    """Returns the names of a parameter: its own, or those of the fields of a model."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [field.alias or name for name, field in annotation.model_fields.items()]
    return [alias]


def refuse_unknown_parameters(request: Request, names: Collection[str]) -> None:
    """Refuses a query with a parameter that the route does not have.

    Raises:
        RequestValidationError: With each such name and the names that resemble it.
    """
    if not request.scope["query_string"]:
        return
    unknown = sorted(set(request.query_params) - set(names))
    if unknown:
        raise RequestValidationError([_fault(name, names) for name in unknown])


def _fault(name: str, names: Collection[str]) -> dict[str, object]:
    near = get_close_matches(name, sorted(names))
    remedy = f"; did you mean {' or '.join(near)}?" if near else ""
    return {
        "type": UNKNOWN_PARAMETER,
        "loc": ("query", name[:100]),
        "msg": f"is no parameter of this route{remedy or '; leave it out'}",
    }
