"""Reads the bank's own rules: routing from YAML, holidays from the calendar of its country.

Called once at start; a mistake in the file ends the start with the file, the rule and the
remedy.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import holidays
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.alerts.decisions.domain.routing import Route, RoutingPlan
from services.alerts.primitives.vocabulary import RiskState, Severity

SHIPPED_ROUTING = Path(__file__).with_name("routing.yaml")
# Events may be replayed from long ago, and deadlines reach into the coming years.
FIRST_YEAR = 1990
LAST_YEAR = 2050


class BadHouseRules(Exception):
    """A file of rules cannot be used; the text says where and what to do."""


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    second_owner: str | None = None
    states: frozenset[RiskState] = frozenset()
    minimum_severity: Severity = Severity.LOW
    risk_types: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    branches: frozenset[str] = frozenset()


class _Plan(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    fallback_queue: str = Field(min_length=1)
    routes: tuple[_Rule, ...] = ()


def read_routing(path: Path = SHIPPED_ROUTING) -> RoutingPlan:
    """Return the routing plan of a file.

    Raises:
        BadHouseRules: If the file cannot be read or a rule makes no sense.
    """
    try:
        document: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        plan = _Plan.model_validate(document)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadHouseRules(f"routing file {path} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadHouseRules(f"routing file {path}, {place}: {first['msg']}") from error
    return RoutingPlan(
        fallback_queue=plan.fallback_queue, routes=tuple(_route(rule) for rule in plan.routes)
    )


def bank_holidays(country: str, subdivision: str | None = None) -> frozenset[date]:
    """Return the holidays of a country.

    Raises:
        BadHouseRules: If the country or its part is not known.
    """
    try:
        found = holidays.country_holidays(
            country, subdiv=subdivision, years=range(FIRST_YEAR, LAST_YEAR + 1)
        )
    except NotImplementedError as error:
        raise BadHouseRules(
            f"holidays of {country!r} {subdivision or ''} are not known; use an ISO 3166 code "
            "such as DE, or leave it empty"
        ) from error
    return frozenset(found)


def _route(rule: _Rule) -> Route:
    return Route(
        name=rule.name,
        owner=rule.owner,
        second_owner=rule.second_owner,
        branch_ids=rule.branches,
        segments=rule.segments,
        states=rule.states,
        risk_types=rule.risk_types,
        minimum_severity=rule.minimum_severity,
    )
