"""Lists what changes between two rulebooks, in words that a credit committee can vote on.

Called by `tocsin rulebook diff`, by what-if and by whoever approves a draft. It compares compiled
rulebooks, so what is written differently and means the same is no difference.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from services.scoring.domain.borrower.risk import FLAG_NAMES, STATE_NAMES
from services.scoring.domain.primitives.measurement import LEVEL_NAMES, MICRO, Unit
from services.scoring.domain.rulebook.pd import PdModel, probability
from services.scoring.domain.rulebook.policy import EntryRule, ExitRule, SignalTest, StatePolicy
from services.scoring.domain.rulebook.rulebook import (
    CUT_POINTS,
    Counting,
    Cuts,
    IndicatorRule,
    Overlay,
    Rulebook,
)
from services.scoring.domain.rulebook.thresholds import ComponentRule, Threshold

LEVELS: Final = ("amber", "red", "hard")
# How a threshold that a rulebook does not give is shown.
NOTHING: Final = "none"
_SUFFIXES: Final = {
    Unit.RATIO: " %",
    Unit.POINTS: " pp",
    Unit.DAYS: " d",
    Unit.MONTHS: " months",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changes; ``before`` or ``after`` is None where there is none.

    Args:
        part: indicator, cuts, state rule, limit, overlay, tolerance, materiality, counting,
            inspections or model.
        subject: Which one, in words.
        what: Which of its figures; empty when the whole of it comes or goes.
    """

    part: str
    subject: str
    what: str
    before: str | None
    after: str | None

    @property
    def sentence(self) -> str:
        """Return the difference in words."""
        name = f"{self.subject}: {self.what}" if self.what else self.subject
        is_many = name.endswith(
            ("knots", "days", "moves", "tests", "reds", "families", "points")
        ) or (not self.what and self.subject.startswith("Cuts"))
        if self.before in (None, NOTHING):
            return f"{name} {'are' if is_many else 'is'} added ({self.after})"
        if self.after in (None, NOTHING):
            return f"{name} {'are' if is_many else 'is'} removed ({self.before})"
        return f"{name} {'change' if is_many else 'changes'} from {self.before} to {self.after}"


def differences(old: Rulebook, new: Rulebook) -> list[Difference]:
    """Return everything in which the new rulebook decides differently from the old one."""
    return [
        *_indicators(old.indicators, new.indicators),
        *_cuts(old.cuts, new.cuts),
        *_policy(old.policy, new.policy),
        *_overlays(old, new),
        *_plain("tolerance", "Tolerance", _amounts(old.tolerance), _amounts(new.tolerance)),
        *_plain("materiality", "Materiality", _amounts(old.materiality), _amounts(new.materiality)),
        *_plain(
            "counted arrears",
            "Counted arrears",
            _amounts(old.counted_arrears) if old.counted_arrears else {},
            _amounts(new.counted_arrears) if new.counted_arrears else {},
        ),
        *_plain("counting", "Counting", _counting(old.counting), _counting(new.counting)),
        *_plain("statements", "Statements", _statements(old), _statements(new)),
        *_plain(
            "lit signals",
            "Lit signals",
            _lit_signals(old),
            _lit_signals(new),
        ),
        *_plain(
            "seasons",
            "Seasons",
            {"full months": str(old.season_months)},
            {"full months": str(new.season_months)},
        ),
        *_plain("facts", "Facts", _facts(old), _facts(new)),
        *_plain("inspections", "Inspections", _inspections(old), _inspections(new)),
        *_models(old.models, new.models),
    ]


def _indicators(
    old: Mapping[int, IndicatorRule], new: Mapping[int, IndicatorRule]
) -> Iterator[Difference]:
    for slot in sorted({*old, *new}):
        before, after = old.get(slot), new.get(slot)
        rule = after or before
        assert rule is not None
        subject = f"{rule.indicator.id} {rule.indicator.name}"
        yield from _whole(
            "indicator",
            subject,
            None if before is None else _of_indicator(before),
            None if after is None else _of_indicator(after),
        )


def _of_indicator(rule: IndicatorRule) -> dict[str, str]:
    figures = {
        "enabled": _switch(rule.enabled),
        "weight": decimal(rule.weight),
        "group": rule.group,
        "combine": "all" if rule.needs_all else "any",
        "half-life": f"{rule.half_life_days} days" if rule.half_life_days else NOTHING,
        "season only": "yes" if rule.is_season_only else NOTHING,
    }
    several = len(rule.indicator.components) > 1
    for component, declared in zip(rule.components, rule.indicator.components, strict=True):
        prefix = f"{declared.name} " if several else ""
        figures |= {
            prefix + name: text for name, text in _of_component(component, declared.unit).items()
        }
    return figures


def _of_component(component: ComponentRule | None, unit: Unit) -> dict[str, str]:
    if component is None:
        return dict.fromkeys((*LEVELS, "good", "knots"), NOTHING)
    limits = (component.amber, component.red, component.hard, component.good)
    shown = {
        name: NOTHING if limit is None else threshold(limit, unit)
        for name, limit in zip((*LEVELS, "good"), limits, strict=True)
    }
    points = zip(component.knots_at, component.knots_g, strict=True)
    shown["knots"] = ", ".join(f"{figure(at, unit)}: {decimal(g)}" for at, g in points) or NOTHING
    return shown


def _cuts(old: Mapping[str, Cuts], new: Mapping[str, Cuts]) -> Iterator[Difference]:
    for segment in sorted({*old, *new}):
        before, after = old.get(segment), new.get(segment)
        yield from _whole(
            "cuts",
            "Cuts of every other segment" if segment == "*" else f"Cuts of {segment}",
            None if before is None else _of_cuts(before),
            None if after is None else _of_cuts(after),
        )


def _of_cuts(cuts: Cuts) -> dict[str, str]:
    # Kept in micro-units of a score of 0 to 1, written in points of 0 to 100.
    figures = {name: decimal(getattr(cuts, name) * 100) for name in CUT_POINTS}
    origin = {"population": cuts.population, "budget": cuts.budget, "date": cuts.set_on}
    return (
        figures
        | {"family": decimal(cuts.family), "family days": str(cuts.family_days)}
        | {name: text or NOTHING for name, text in origin.items()}
    )


def _policy(old: StatePolicy, new: StatePolicy) -> Iterator[Difference]:
    entries_before = {entry.id: _of_entry(entry) for entry in old.entries}
    yield from _rules(
        "Entry rule", entries_before, {entry.id: _of_entry(entry) for entry in new.entries}
    )
    exits_before = {rule.id: _of_exit(rule) for rule in old.exits}
    yield from _rules("Exit rule", exits_before, {rule.id: _of_exit(rule) for rule in new.exits})
    yield from _plain("limit", "State limits", _limits(old), _limits(new))


def _rules(
    words: str, old: Mapping[str, dict[str, str]], new: Mapping[str, dict[str, str]]
) -> Iterator[Difference]:
    for rule_id in sorted({*old, *new}):
        yield from _whole("state rule", f"{words} {rule_id}", old.get(rule_id), new.get(rule_id))


def _of_entry(rule: EntryRule) -> dict[str, str]:
    tests = ", ".join(_test(test) for test in rule.tests)
    return {
        "target": STATE_NAMES[rule.to],
        "score cut": _switch(rule.score),
        "amber families": _count(rule.amber_families),
        "reds": _count(rule.reds),
        "red families": _count(rule.red_families),
        "tests": f"{rule.tests_needed} of {tests}" if tests else NOTHING,
        "family cut": _switch(rule.family_cut),
        "flags": _flags(rule.flags),
        "all flags": _flags(rule.all_flags),
        "text": rule.text or NOTHING,
    }


def _test(test: SignalTest) -> str:
    if test.threshold is None:
        return f"{test.indicator} {LEVEL_NAMES[test.level].lower()}"
    return f"{test.indicator} {threshold(test.threshold, test.unit)}"


def _flags(mask: int) -> str:
    return ", ".join(name for bit, name in enumerate(FLAG_NAMES) if mask >> bit & 1) or NOTHING


def _of_exit(rule: ExitRule) -> dict[str, str]:
    figures = {}
    for field in fields(rule):
        value = getattr(rule, field.name)
        if field.name in ("source", "to"):
            figures["from" if field.name == "source" else "target"] = STATE_NAMES[value]
        elif field.name != "id":
            words = field.name.replace("_", " ")
            figures[words] = _switch(value) if isinstance(value, bool) else _count(value)
    return figures


def _counting(counting: Counting) -> dict[str, str]:
    return {
        "retail per facility": _switch(counting.retail_per_facility),
        "pulling share": decimal(counting.pulling_micro),
        "regimes": ", ".join(counting.regimes) or NOTHING,
    }


def _limits(policy: StatePolicy) -> dict[str, str]:
    return {
        "quiet business days": str(policy.quiet_business_days),
        "least completeness": decimal(policy.least_completeness),
        "most moves": str(policy.most_moves),
        "moves window days": str(policy.moves_window_days),
        "distressed from a loss of present value of": decimal(policy.forbearance.npv_loss_micro),
        "months of forborne probation": str(policy.forbearance.probation_months),
        "share of those months to be paid in": decimal(policy.forbearance.months_paid_micro),
        "share of what is due that is significant": decimal(policy.forbearance.significant_micro),
        "days past due at the end of that probation": str(policy.forbearance.most_arrears_days),
        "days past due of difficulty before a measure": str(policy.forbearance.difficulty_days),
        "days before a measure": str(policy.forbearance.difficulty_window_days),
        "days past due when a measure comes": str(policy.forbearance.late_days),
        "loss in a sale": decimal(policy.forbearance.sale_loss_micro),
        "segments able to pay by rule": ", ".join(policy.ability.segments) or NOTHING,
        "instalments on time for that": str(policy.ability.on_time),
    }


def _overlays(old: Rulebook, new: Rulebook) -> Iterator[Difference]:
    """Compare overlays by whom they are for; a new name alone is no difference."""
    olds, news = _by_scope(old), _by_scope(new)
    for scope in [*olds, *(added for added in news if added not in olds)]:
        before, after = olds.get(scope, []), news.get(scope, [])
        yield from _whole(
            "overlay",
            f"Overlay '{_names(after or before)}' for {scope}",
            _of_overlays(before, old) if before else None,
            _of_overlays(after, new) if after else None,
        )


def _by_scope(rulebook: Rulebook) -> dict[str, list[Overlay]]:
    """Return the overlays by whom they are for: several may change different indicators."""
    scopes: dict[str, list[Overlay]] = {}
    for overlay in rulebook.overlays:
        scopes.setdefault(_scope(overlay), []).append(overlay)
    return scopes


def _names(overlays: list[Overlay]) -> str:
    return ", ".join(overlay.name for overlay in overlays)


def _of_overlays(overlays: list[Overlay], rulebook: Rulebook) -> dict[str, str]:
    figures: dict[str, str] = {}
    for overlay in overlays:
        figures |= _of_overlay(overlay, rulebook)
    return figures


def _scope(overlay: Overlay) -> str:
    parts = (
        ("segment", overlay.segment),
        ("industry", overlay.industry),
        ("product", overlay.product),
        ("firms younger, in months, than", overlay.younger_than_months),
        ("borrower", overlay.borrower_id),
    )
    return ", ".join(f"{name} {value}" for name, value in parts if value is not None)


def _of_overlay(overlay: Overlay, rulebook: Rulebook) -> dict[str, str]:
    figures: dict[str, str] = {}
    for slot, patch in sorted(overlay.indicators.items()):
        indicator = rulebook.indicators[slot].indicator
        stated: dict[str, str | None] = {
            "enabled": None if patch.enabled is None else _switch(patch.enabled),
            "weight": None if patch.weight is None else decimal(patch.weight),
            "group": patch.group,
            "combine": None if patch.needs_all is None else "all" if patch.needs_all else "any",
            "half-life": None if patch.half_life_days is None else f"{patch.half_life_days} days",
            "season only": None if patch.is_season_only is None else _switch(patch.is_season_only),
        }
        several = len(indicator.components) > 1
        for position, component in sorted(patch.components.items()):
            declared = indicator.components[position]
            prefix = f"{declared.name} " if several else ""
            stated |= {
                prefix + name: text
                for name, text in _of_component(component, declared.unit).items()
            }
        figures |= {f"{indicator.id} {name}": text for name, text in stated.items() if text}
    if overlay.cuts is not None:
        figures |= {f"cut {name}": text for name, text in _of_cuts(overlay.cuts).items()}
    return figures


def _statements(rulebook: Rulebook) -> dict[str, str]:
    age = rulebook.statement_age
    if age is None:
        return {}
    names = ("stale_months", "due_days", "due_days_large")
    countries = {
        f"due days in {country}": f"{days[0]}, large {days[1]}"
        for country, days in sorted(age.countries.items())
    }
    return {name: str(getattr(age, name)) for name in names} | countries


def _lit_signals(rulebook: Rulebook) -> dict[str, str]:
    return {name: str(getattr(rulebook, name)) for name in ("baseline_months", "score_days")}


def _facts(rulebook: Rulebook) -> dict[str, str]:
    """Return which indicators show one fact, by the first of them."""
    names = {slot: rule.indicator.id for slot, rule in rulebook.indicators.items()}
    facts = [[names[slot] for slot in slots] for slots in rulebook.facts]
    return {fact[0]: ", ".join(fact) for fact in facts}


def _amounts(rules: Any) -> dict[str, str]:
    """Return the figures of tolerance or materiality, amounts in minor units by currency."""
    amounts_by_name = {}
    for field in fields(rules):
        value = getattr(rules, field.name)
        words = field.name.removesuffix("_minor").removesuffix("_micro").replace("_", " ")
        if isinstance(value, dict):
            amounts = (f"{amount} {currency}" for currency, amount in sorted(value.items()))
            amounts_by_name[f"{words} amounts, minor units"] = ", ".join(amounts) or NOTHING
        else:
            amounts_by_name[f"{words} share"] = decimal(value)
    return amounts_by_name


def _whole(
    part: str, subject: str, old: Mapping[str, str] | None, new: Mapping[str, str] | None
) -> Iterator[Difference]:
    """Yield one difference where the whole subject comes or goes, else one for each figure."""
    if old is not None and new is not None:
        yield from _plain(part, subject, old, new)
        return
    before = None if old is None else _stated(old)
    yield Difference(part, subject, "", before, None if new is None else _stated(new))


def _stated(figures: Mapping[str, str]) -> str:
    """Return the figures in one line, without those that are none."""
    return ", ".join(f"{name} {text}" for name, text in figures.items() if text != NOTHING)


def _inspections(rulebook: Rulebook) -> dict[str, str]:
    return {
        f"{segment} {state.lower()}": f"every {months} months"
        for segment, by_state in rulebook.inspections.items()
        for state, months in zip(STATE_NAMES, by_state, strict=False)
        if months
    }


def _models(old: tuple[PdModel, ...], new: tuple[PdModel, ...]) -> Iterator[Difference]:
    for index, role in enumerate(("champion", "challenger")):
        before = old[index] if index < len(old) else None
        after = new[index] if index < len(new) else None
        if before != after:
            yield from _whole(
                "model",
                f"PD {role}",
                None if before is None else _of_model(before),
                None if after is None else _of_model(after),
            )


def _of_model(model: PdModel) -> dict[str, str]:
    figures = {
        "model": f"{model.name} {model.version}",
        "horizon": f"{model.horizon_days} days",
        "PD with nothing measured": f"{decimal(probability(model.intercept) * 100)} %",
    }
    for feature in model.features:
        bins = zip((0, *feature.edges), feature.points, strict=True)
        shown = ", ".join(f"{decimal(edge)}: {decimal(points)}" for edge, points in bins)
        figures[f"{feature.indicator} points"] = shown
    return figures


def _plain(
    part: str, subject: str, old: Mapping[str, str], new: Mapping[str, str]
) -> Iterator[Difference]:
    for what in [*old, *(book for book in new if book not in old)]:
        before, after = old.get(what), new.get(what)
        if before != after:
            yield Difference(part, subject, what, before, after)


def threshold(limit: Threshold, unit: Unit) -> str:
    """Return a threshold as a rulebook writes it: ``>= 30 d``."""
    return f"{limit.operator} {figure(limit.value, unit)}"


def figure(value: int, unit: Unit) -> str:
    """Return a figure in micro-units as a rulebook writes it, with its unit."""
    shown = value * 100 if unit in (Unit.RATIO, Unit.POINTS) else value
    return decimal(shown) + _SUFFIXES.get(unit, "")


def decimal(value: int) -> str:
    """Return micro-units as the shortest exact decimal."""
    whole, fraction = divmod(abs(value), MICRO)
    text = f"{'-' if value < 0 else ''}{whole}.{fraction:06d}"
    return text.rstrip("0").rstrip(".")


def _count(number: int) -> str:
    return str(number) if number else NOTHING


def _switch(on: bool) -> str:
    return "on" if on else "off"
