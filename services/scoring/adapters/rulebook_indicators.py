"""Compile the ``indicators`` part of a rulebook, and the same part of its overlays.

Checks what a modeller gets wrong: an indicator or arm that does not exist, amber beyond red, knots
that turn back, a threshold in the wrong unit.
"""

from typing import Any, Final

from services.scoring.adapters.rulebook_fields import (
    Problems,
    read_figure,
    read_mapping,
    read_micro,
    read_threshold,
    read_whole,
)
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.primitives.measurement import MICRO, Unit
from services.scoring.domain.rulebook.rulebook import Arm, Indicator, IndicatorPatch, IndicatorRule
from services.scoring.domain.rulebook.thresholds import ArmRule, Threshold, default_knots

LEVEL_FIELDS: Final = {"amber", "red", "hard", "knots"}
INDICATOR_FIELDS: Final = LEVEL_FIELDS | {
    "enabled",
    "weight",
    "group",
    "combine",
    "half_life_days",
    "season_only",
    "arms",
}
# What can be measured against the same months of the year before.
SEASONAL: Final = {"A-01"}


def known_indicator(indicator_id: str, problems: Problems) -> Indicator | None:
    """Return the declaration, or None after noting that there is none."""
    found = BY_ID.get(indicator_id)
    if found is None:
        family = [known for known in BY_ID if known[:1] == indicator_id[:1]]
        problems.add(f"unknown indicator; known ones: {', '.join(family or BY_ID)}")
    return found


def compile_indicators(part: object, problems: Problems) -> dict[int, IndicatorRule]:
    """Return the rules by slot."""
    compiled = {}
    for indicator_id, entry in read_mapping(part, problems).items():
        with problems.at(indicator_id):
            indicator = known_indicator(indicator_id, problems)
            if indicator is not None:
                fields = read_mapping(entry, problems)
                compiled[indicator.slot] = _rule(indicator, fields, problems)
    return compiled


def _rule(indicator: Indicator, fields: dict[str, Any], problems: Problems) -> IndicatorRule:
    problems.unknown_keys(fields, INDICATOR_FIELDS)
    if "weight" not in fields:
        problems.add("weight is missing; write 0 for a note that does not score")
    patch = compile_patch(indicator, fields, problems)
    arms = tuple(patch.arms.get(position) for position in range(len(indicator.arms)))
    if not patch.arms:
        problems.add(f"no thresholds; give amber and red for: {_arm_names(indicator)}")
    return IndicatorRule(
        indicator=indicator,
        slot=indicator.slot,
        weight=patch.weight or 0,
        group=patch.group or indicator.group,
        arms=arms,
        needs_all=bool(patch.needs_all),
        half_life_days=patch.half_life_days or 0,
        enabled=patch.enabled is not False,
        is_season_only=bool(patch.is_season_only),
    )


def _arm_names(indicator: Indicator) -> str:
    return ", ".join(arm.name for arm in indicator.arms)


def compile_patch(
    indicator: Indicator, fields: dict[str, Any], problems: Problems
) -> IndicatorPatch:
    """Return what an entry says about one indicator; what it does not say stays open."""
    enabled = fields.get("enabled")
    if enabled is not None and not isinstance(enabled, bool):
        problems.add(f"enabled must be true or false, not {enabled!r}")
    combine = fields.get("combine")
    if combine not in (None, "any", "all"):
        problems.add(f"combine must be any or all, not {combine!r}")
    season_only = fields.get("season_only")
    if season_only is not None and not isinstance(season_only, bool):
        problems.add(f"season_only must be true or false, not {season_only!r}")
    if season_only is not None and indicator.id not in SEASONAL:
        problems.add(f"season_only is for {', '.join(sorted(SEASONAL))} only")
    weight = fields.get("weight")
    half_life = fields.get("half_life_days")
    return IndicatorPatch(
        enabled=enabled,
        weight=None if weight is None else read_micro(weight, problems),
        group=fields.get("group"),
        needs_all=None if combine is None else combine == "all",
        half_life_days=None if half_life is None else read_whole(half_life, problems),
        is_season_only=season_only,
        arms=_arms(indicator, fields, problems),
    )


def _arms(indicator: Indicator, fields: dict[str, Any], problems: Problems) -> dict[int, ArmRule]:
    own = {name: fields[name] for name in LEVEL_FIELDS if name in fields}
    if own and len(indicator.arms) > 1:
        problems.add(f"has several figures; put the thresholds under arms: {_arm_names(indicator)}")
        return {}
    if own:
        return {0: _arm_rule(indicator.arms[0], own, problems)}
    by_name = {arm.name: position for position, arm in enumerate(indicator.arms)}
    compiled = {}
    with problems.at("arms"):
        for name, entry in read_mapping(fields.get("arms"), problems).items():
            with problems.at(name):
                if name not in by_name:
                    problems.add(f"unknown figure; known ones: {_arm_names(indicator)}")
                    continue
                position = by_name[name]
                levels = read_mapping(entry, problems)
                problems.unknown_keys(levels, LEVEL_FIELDS)
                compiled[position] = _arm_rule(indicator.arms[position], levels, problems)
    return compiled


def _arm_rule(arm: Arm, fields: dict[str, Any], problems: Problems) -> ArmRule:
    if arm.unit == Unit.FLAG and not fields:
        fields = {"amber": ">= 1", "red": ">= 2"}
    levels = {
        name: read_threshold(fields[name], arm.unit, problems)
        for name in ("amber", "red", "hard")
        if name in fields
    }
    amber, red, hard = levels.get("amber"), levels.get("red"), levels.get("hard")
    _check_order("amber", amber, "red", red, problems)
    _check_order("red", red, "hard", hard, problems)
    if "knots" in fields:
        at, intensity = _knots(arm, fields["knots"], amber or red, problems)
    else:
        at, intensity = default_knots(amber, red or hard)
    return ArmRule(arm.name, amber, red, hard, at, intensity)


def _check_order(
    milder_name: str,
    milder: Threshold | None,
    worse_name: str,
    worse: Threshold | None,
    problems: Problems,
) -> None:
    if milder is None or worse is None:
        return
    if milder.rising != worse.rising:
        problems.add(f"{milder_name} and {worse_name} point in different directions")
    elif milder.value != worse.value and (milder.value > worse.value) == worse.rising:
        problems.add(f"{milder_name} lies beyond {worse_name}: {milder_name} must come first")


def _knots(
    arm: Arm, entry: object, direction: Threshold | None, problems: Problems
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return knots written as ``{"0 d": 0, "29 d": 0.20}``, sorted by figure."""
    with problems.at("knots"):
        points: list[tuple[int, int]] = []
        for text, intensity in read_mapping(entry, problems).items():
            figure = read_figure(text, arm.unit, problems)
            if figure is not None:
                points.append((figure, read_micro(intensity, problems)))
        points.sort()
        heights = [height for _, height in points]
        if direction is not None and not direction.rising:
            heights.reverse()
        if heights != sorted(heights):
            problems.add("intensity must not fall while the figure gets worse")
        if any(height > MICRO for height in heights):
            problems.add("intensity goes from 0 to 1")
    return tuple(at for at, _ in points), tuple(height for _, height in points)
