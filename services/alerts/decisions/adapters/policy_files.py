"""Reads the routing plan of the alert policy from YAML.

Called once at start; a mistake in the file ends the start with the file, the rule and the remedy.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.alerts.decisions.domain.policy import Route, RoutingPlan
from services.alerts.primitives.vocabulary import RiskState, Severity

SHIPPED_ROUTING = Path(__file__).with_name("routing.yaml")


class InvalidPolicy(Exception):
    """The routing file cannot be used; the text names the rule and the remedy."""


class _RouteDocument(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    second_owner: str | None = None
    states: frozenset[RiskState] = frozenset()
    minimum_severity: Severity = Severity.LOW
    risk_types: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    branch_ids: frozenset[str] = Field(default=frozenset(), alias="branches")


class _PlanDocument(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    fallback_queue: str = Field(min_length=1)
    routes: tuple[_RouteDocument, ...] = ()
    escalation: tuple[str, ...] = ()


def read_routing(path: Path = SHIPPED_ROUTING) -> RoutingPlan:
    """Returns the routing plan of a file.

    Raises:
        InvalidPolicy: If the file cannot be read or a rule is invalid.
    """
    try:
        document: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        plan = _PlanDocument.model_validate(document)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidPolicy(f"routing file {path} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path_in_file = ".".join(str(part) for part in first["loc"])
        raise InvalidPolicy(f"routing file {path}, {path_in_file}: {first['msg']}") from error
    return RoutingPlan(
        fallback_queue=plan.fallback_queue,
        routes=tuple(Route(**rule.model_dump()) for rule in plan.routes),
        escalation=plan.escalation,
    )
