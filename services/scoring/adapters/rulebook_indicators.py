"""The sections of the indicators: thresholds in the unit of each component, weight, group, decay.

Each indicator has a section of its own, made of its declaration, so that a component that it does
not have and a threshold in the wrong unit are refused, and editors complete what it does have.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Final

from pydantic import Field, GetCoreSchemaHandler, create_model
from pydantic_core import core_schema

from services.scoring.adapters.rulebook_values import (
    Fault,
    Section,
    Share,
    Switch,
    Text,
    Whole,
    figure_in,
    read_threshold,
    setting,
    shown,
    written,
)
from services.scoring.domain.indicators.declaration import single
from services.scoring.domain.indicators.registry import ALL, BY_ID
from services.scoring.domain.primitives.measurement import Unit
from services.scoring.domain.rulebook.rulebook import (
    Component,
    Indicator,
    IndicatorPatch,
    IndicatorRule,
    patched,
)
from services.scoring.domain.rulebook.thresholds import ComponentRule, Threshold, default_knots

# What can be measured against the same months of the year before.
SEASONAL: Final = ("A-01",)
LEVELS: Final = ("amber", "red", "hard")


def _read_combine(value: object) -> bool:
    if value not in ("any", "all"):
        raise ValueError(f"{shown(value)} must be any or all")
    return value == "all"


Combine = Annotated[bool, *written(_read_combine, {"enum": ["any", "all"]})]


def unknown_indicator(indicator_id: str) -> str:
    """Returns the fault of an indicator that does not exist, with those of its family."""
    family = [known for known in BY_ID if known[:1] == indicator_id[:1]]
    return f"unknown indicator; known ones: {', '.join(family or BY_ID)}"


class LevelsSection(Section):
    """Thresholds and intensity of one component."""

    amber: Threshold | None = setting(None, "From here on amber: sign, figure and unit.")
    red: Threshold | None = setting(None, "From here on red.")
    hard: Threshold | None = setting(
        None, "From here on hard: past the score where a rule says so."
    )
    good: Threshold | None = setting(
        None, "From here on a positive signal, away from amber; it scores nothing."
    )
    knots: dict[int, int] | None = setting(
        None,
        "Figure to intensity from 0 to 1, straight lines between. Left out: 0.4 at amber, 1 at "
        "red, on one line from 0.",
    )

    def faults(self) -> Iterator[Fault]:
        for milder_name, worse_name in pairwise(LEVELS):
            milder, worse = getattr(self, milder_name), getattr(self, worse_name)
            if milder is None or worse is None:
                continue
            if milder.rising != worse.rising:
                text = f"{milder_name} and {worse_name} point in different directions"
                yield (worse_name,), text
            elif milder.value != worse.value and (milder.value > worse.value) == worse.rising:
                text = f"{milder_name} lies beyond {worse_name}: {milder_name} must come first"
                yield (worse_name,), text
        limit = self.amber or self.red
        if (
            self.good is not None
            and limit is not None
            and (self.good.rising == limit.rising or limit.reached(self.good.value))
        ):
            yield ("good",), "good must lie on the other side of amber and point away from it"
        heights = [height for _, height in sorted((self.knots or {}).items())]
        if limit is not None and not limit.rising:
            heights.reverse()
        if heights != sorted(heights):
            yield ("knots",), "intensity must not fall while the figure gets worse"

    def compiled(self, component: Component) -> ComponentRule:
        """Returns the rule; an empty section of a yes/no component is amber at 1 and red at 2."""
        amber, red, hard = self.amber, self.red, self.hard
        if component.unit == Unit.FLAG and not self.model_fields_set:
            amber, red = read_threshold(">= 1", Unit.FLAG), read_threshold(">= 2", Unit.FLAG)
        at, intensity = default_knots(amber, red or hard)
        if self.knots is not None:
            at = tuple(sorted(self.knots))
            intensity = tuple(self.knots[figure] for figure in at)
        return ComponentRule(component.name, amber, red, hard, at, intensity, self.good)


class ComponentsSection(Section):
    """The components of one indicator, by name."""

    def unknown(self, name: str) -> str:
        return f"unknown component; known ones: {', '.join(self.names())}"


class IndicatorSection(Section):
    """How one indicator is judged; an overlay states only what it changes."""

    enabled: Switch | None = setting(None, "False switches it off.")
    weight: Share | None = setting(None, "Largest contribution to its family; 0: a note.")
    group: Text | None = setting(
        None,
        "Correlation group: only the strongest of a group scores. `surcharge` adds points to the "
        "score instead (0.10 is ten) and corroborates nothing.",
    )
    needs_all: Combine | None = setting(
        None, "any: the worst component decides; all: every component must agree.", "combine"
    )
    half_life_days: Whole | None = setting(None, "Decay of point events.")
    components: ComponentsSection | None = setting(None, "Thresholds by component.")

    def unknown(self, name: str) -> str:
        if name == "season_only":
            return f"season_only is for {', '.join(SEASONAL)} only"
        if name in LevelsSection.model_fields:
            components: Any = type(self).model_fields["components"].annotation
            names = ", ".join(components.names())
            return f"has several components; put the thresholds under components: {names}"
        return super().unknown(name)

    def components_of(self, indicator: Indicator) -> dict[int, ComponentRule]:
        """Returns the components that have thresholds, by position."""
        if isinstance(self, LevelsSection) and self.model_fields_set & {
            *LevelsSection.model_fields
        }:
            return {0: LevelsSection.compiled(self, indicator.components[0])}
        named = dict(self.components or ())
        return {
            position: named[component.name].compiled(component)
            for position, component in enumerate(indicator.components)
            if named.get(component.name) is not None
        }

    def patch(self, indicator: Indicator) -> IndicatorPatch:
        """Returns the stated fields of an indicator."""
        stated = {name: value for name, value in self if name in PATCHED}
        return IndicatorPatch(**stated, components=self.components_of(indicator))

    def rule(self, indicator: Indicator) -> IndicatorRule:
        """Returns the rule of an indicator; what is not stated is as declared."""
        declared = IndicatorRule(
            indicator, indicator.slot, 0, indicator.group, (None,) * len(indicator.components)
        )
        return patched(declared, self.patch(indicator))


PATCHED: Final = {*IndicatorSection.model_fields, "is_season_only"} - {"components"}


class AllIndicatorsSection(Section):
    """The indicators by id."""

    def unknown(self, name: str) -> str:
        return unknown_indicator(name)


@cache
def levels_in(unit: Unit) -> type[LevelsSection]:
    """Returns the section of a component in a unit."""
    limit: Any = Annotated[Threshold, *figure_in(unit, read_threshold)] | None
    figure: Any = Annotated[int, *figure_in(unit)]
    types: dict[str, Any] = dict.fromkeys((*LEVELS, "good"), limit)
    types |= {"knots": dict[figure, Share] | None}
    fields: dict[str, Any] = {
        name: (kind, setting(None, LevelsSection.model_fields[name].description))
        for name, kind in types.items()
    }
    return create_model(f"{unit.name.title()}Levels", __base__=LevelsSection, **fields)


@cache
def plain_section(unit: Unit) -> type[IndicatorSection]:
    """Returns the section of the indicators with one component in a unit."""
    return _section(f"{unit.name.title()}Indicator", single(unit), {})


def _section(
    name: str, components: Sequence[Component], further: dict[str, Any]
) -> type[IndicatorSection]:
    bases: tuple[type[Any], ...] = (IndicatorSection,)
    if len(components) == 1:
        bases = (IndicatorSection, levels_in(components[0].unit))
    by_name: dict[str, Any] = {
        each.name: (levels_in(each.unit), _blank(each.label)) for each in components
    }
    section = create_model(f"{name}Components", __base__=ComponentsSection, **by_name)
    further["components"] = (section, _blank("Thresholds by component."))
    return create_model(name, __base__=bases, __doc__=IndicatorSection.__doc__, **further)


def _blank(meaning: str, alias: str | None = None) -> Any:
    """Returns the field of a section that may be left out; one without a value is empty."""
    return Field(None, description=meaning or None, alias=alias, validate_default=False)


def _by_id(section: AllIndicatorsSection) -> dict[str, IndicatorSection]:
    return {name.replace("_", "-"): entry for name, entry in section if entry is not None}


class PerIndicator:
    """Annotates a mapping of indicators by id: each is read by a section of its own."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Returns the validator."""
        return core_schema.no_info_after_validator_function(
            _by_id, handler.generate_schema(_all_indicators())
        )


@cache
def _all_indicators() -> type[AllIndicatorsSection]:
    fields: dict[str, Any] = {}
    for indicator in ALL:
        name, first = indicator.id.replace("-", "_"), indicator.components[0]
        if indicator.id in SEASONAL:
            season = setting(None, "Only the same months a year before are a base.", "season_only")
            section = _section(
                name, indicator.components, {"is_season_only": (Switch | None, season)}
            )
        elif len(indicator.components) > 1:
            section = _section(name, indicator.components, {})
        else:
            section = plain_section(first.unit)
        meaning = (
            indicator.name if len(indicator.components) > 1 else f"{indicator.name}: {first.label}"
        )
        fields[name] = (section, _blank(meaning, indicator.id))
    return create_model("Indicators", __base__=AllIndicatorsSection, **fields)


Indicators = Annotated[dict[str, IndicatorSection], PerIndicator()]
