"""Declares an indicator on the function that measures it; the registry follows from this.

    @indicator("R-01", "Days past due", ARREARS, single(Unit.DAYS, "…"), reads=touched.LOANS)
    def operational_days(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:

Thresholds, weights, knots and decay are the rulebook's; an indicator only measures. Must stay true:
the function reads facts and changes nothing; ``reads`` names every kind of fact that it reads,
because an event measures exactly the indicators whose facts it touched.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from services.scoring.domain.primitives.measurement import Unit
from services.scoring.domain.rulebook.classification import UNCLASSIFIED, Classification
from services.scoring.domain.rulebook.rulebook import About, Component, Evidence, Indicator, Measure

DECLARED: Final[dict[str, Indicator]] = {}


@dataclass(frozen=True, slots=True)
class Theme:
    """What indicators share: family, correlation group and risk type (see `Indicator`).

    ``classification`` is of one indicator: `at` adds it to the theme that it shares with others.
    """

    family: int
    group: str
    risk_type: str
    classification: Classification = UNCLASSIFIED

    def at(self, classification: Classification) -> "Theme":
        """Return the theme with the classification of an indicator."""
        return replace(self, classification=classification)


def indicator(
    indicator_id: str,
    name: str,
    theme: Theme,
    components: tuple[Component, ...],
    *,
    reads: int,
    evidence: Evidence | About | None = None,
) -> Callable[[Measure], Measure]:
    """Return a decorator that declares an indicator and returns its function unchanged."""

    def declare(measure: Measure) -> Measure:
        if indicator_id in DECLARED:
            raise ValueError(f"indicator {indicator_id} is declared twice")
        if theme.classification is UNCLASSIFIED:
            raise ValueError(f"indicator {indicator_id} does not state where it belongs")
        DECLARED[indicator_id] = Indicator(
            id=indicator_id,
            name=name,
            family=theme.family,
            group=theme.group,
            risk_type=theme.risk_type,
            classification=theme.classification,
            components=components,
            reads=reads,
            measure=measure,
            evidence=evidence,
        )
        return measure

    return declare


def single(unit: Unit, label: str = "") -> tuple[Component, ...]:
    """Return the components of an indicator with a single figure."""
    return (Component("value", unit, label),)
