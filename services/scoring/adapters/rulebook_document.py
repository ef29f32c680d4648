"""The rulebook's document: its sections and fields, how each is written and what it means.

The only description of a rulebook: `rulebook_reader` reads YAML with it, and the JSON Schema for
editors and the reference page are made from it (`python -m tests.reference`). Fields have the names
of the domain's objects, with the written name as alias, so that compiling a section is one line.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final, TypeVar

from pydantic import BeforeValidator, ConfigDict

from services.scoring.adapters.pd_model import misfits, model_from
from services.scoring.adapters.rulebook_indicators import (
    Indicators,
    IndicatorSection,
    unknown_indicator,
)
from services.scoring.adapters.rulebook_values import (
    Amounts,
    Fault,
    Points,
    Positive,
    Section,
    Share,
    Switch,
    Text,
    Whole,
    one_of,
    read_threshold,
    setting,
    shown,
    written,
)
from services.scoring.domain.borrower.risk import CLOSED, FLAG_NAMES, STATE_NAMES
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.primitives.measurement import AMBER, HARD, RED
from services.scoring.domain.primitives.vocabulary import PRODUCTS, SEGMENTS
from services.scoring.domain.regimes.labels import ALL as REGIMES
from services.scoring.domain.rulebook import diff
from services.scoring.domain.rulebook.data_profile import DATA_PROFILES
from services.scoring.domain.rulebook.pd import PdModel
from services.scoring.domain.rulebook.policy import (
    AbilityRule,
    EntryRule,
    ExitRule,
    ForbearanceRules,
    SignalTest,
    StatePolicy,
)
from services.scoring.domain.rulebook.rulebook import (
    CUT_DISTANCE,
    EVERY_SEGMENT,
    CountedArrears,
    Counting,
    Cuts,
    Indicator,
    IndicatorRule,
    Materiality,
    Overlay,
    Rulebook,
    StatementAge,
    Tolerance,
    cuts_key,
)

LEVELS: Final = {"amber": AMBER, "red": RED, "hard": HARD}
SELECTORS: Final = ("borrower", "product", "industry", "younger_than_months", "segment")
FEWEST_SEASON_MONTHS: Final = 13
_TEST: Final = re.compile(r"([A-Z]-\d\d)\s+(.+)")


def read_test(text: object) -> SignalTest:
    """Returns the test of a signal, such as ``R-01 > 30 d`` or ``F-18 red``."""
    match = _TEST.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(f"{shown(text)} is not a test; write 'R-01 > 30 d' or 'F-08 red'")
    indicator = BY_ID.get(match[1])
    if indicator is None:
        raise ValueError(f"{match[1]}: {unknown_indicator(match[1])}")
    unit = indicator.components[0].unit
    if match[2] in LEVELS:
        return SignalTest(indicator.slot, indicator.id, unit, LEVELS[match[2]])
    if len(indicator.components) > 1:
        raise ValueError(f"{match[1]} has several components; test its level: amber, red or hard")
    threshold = read_threshold(match[2], unit)
    if threshold.reached(0):
        raise ValueError(
            f"{shown(text)} would be true for a figure of 0; test a level instead, such as red"
        )
    return SignalTest(indicator.slot, indicator.id, unit, threshold=threshold)


Key = TypeVar("Key")
Item = TypeVar("Item")
# A name without a value is an empty list or mapping: all lines below it are commented out.
Many = Annotated[tuple[Item, ...], BeforeValidator(lambda value: [] if value is None else value)]
Table = Annotated[dict[Key, Item], BeforeValidator(lambda value: {} if value is None else value)]

AnySegment = Annotated[str, *one_of("segment", (EVERY_SEGMENT, *SEGMENTS))]
_CUTS_KEYS: Final = [
    cuts_key(segment, name) for segment in SEGMENTS for name in ("", *DATA_PROFILES)
]


def read_cuts_key(value: object) -> str:
    """Returns whom cuts are for: a segment, or a segment and a data profile."""
    text = str(value)
    if text in (EVERY_SEGMENT, *_CUTS_KEYS):
        return text
    segment, _, name = text.partition(" ")
    if segment in SEGMENTS:
        names = ", ".join(DATA_PROFILES)
        raise ValueError(f"unknown data profile {shown(name)}; known ones: {names}")
    names = ", ".join(SEGMENTS if name else (EVERY_SEGMENT, *SEGMENTS))
    raise ValueError(f"unknown segment {shown(segment)}; known ones: {names}")


AnyCuts = Annotated[str, *written(read_cuts_key, {"enum": [EVERY_SEGMENT, *_CUTS_KEYS]})]
State = Annotated[int, *one_of("state", STATE_NAMES, as_position=True)]
OpenState = Annotated[int, *one_of("state", STATE_NAMES[:CLOSED], as_position=True)]
Flag = Annotated[int, *one_of("flag", FLAG_NAMES, as_position=True)]
Test = Annotated[SignalTest, *written(read_test, {"type": "string", "pattern": _TEST.pattern})]
AnyIndicator = Annotated[str, *one_of("indicator", tuple(BY_ID))]
Model = Annotated[PdModel, *written(model_from, {"type": "object"})]


class ToleranceSection(Section):
    """What may stay unpaid without being late: the larger of the two."""

    relative_micro: Share = setting("0.001", "Share of the instalment.", "share")
    fixed_minor: Amounts = setting({}, "By currency; 1.00 where none is given.", "fixed")


class MaterialitySection(Section):
    """Regulatory past due: above the amount and above the share of exposure."""

    relative_micro: Share = setting("0.01", "Share of the exposure.", "share")
    retail_minor: Amounts = setting({}, "RETAIL and MICRO, by currency; EUR 100.", "retail")
    other_minor: Amounts = setting({}, "Other segments, by currency; EUR 500.", "other")

    def compiled(self) -> Materiality:
        retail, other = Materiality().retail_minor, Materiality().other_minor
        return Materiality(
            self.relative_micro, retail | self.retail_minor, other | self.other_minor
        )


class CountedArrearsSection(Section):
    """From which amount on something overdue counts for early warning and the IFRS 9 backstops."""

    relative_micro: Share = setting("0.01", "Share of the exposure, if that is lower.", "share")
    retail_minor: Amounts = setting({}, "RETAIL and MICRO, by currency; EUR 25.", "retail")
    other_minor: Amounts = setting({}, "Other segments, by currency; EUR 100.", "other")
    instalment_micro: Share = setting(
        "0.05", "And this share of the late loan's oldest unpaid instalment.", "instalment"
    )

    def compiled(self) -> CountedArrears:
        retail, other = CountedArrears().retail_minor, CountedArrears().other_minor
        return CountedArrears(
            self.relative_micro,
            retail | self.retail_minor,
            other | self.other_minor,
            self.instalment_micro,
        )


class CountrySection(Section):
    """When statements are due in one country."""

    due_days: Whole = setting(180, "Days after the end of the period.")
    due_days_large: Whole = setting(120, "The same for LARGE.")


class StatementAgeSection(Section):
    """When statements are too old, and when they are due where nobody stated it."""

    stale_months: Whole = setting(18, "Months after the end of the period; then they say nothing.")
    due_days: Whole = setting(180, "Days after the end of the period.")
    due_days_large: Whole = setting(120, "The same for LARGE.")
    countries: Table[str, CountrySection] = setting({}, "Due days by country, such as DE.")

    def compiled(self) -> StatementAge:
        countries = {
            country: (days.due_days, days.due_days_large)
            for country, days in self.countries.items()
        }
        return StatementAge(self.stale_months, self.due_days, self.due_days_large, countries)


class LitSignalsSection(Section):
    """What stays while a signal is lit."""

    baseline_months: Whole = setting(
        0, "Its own base, this long; 0: bases move on, and A-12 and A-14 end by the calendar."
    )
    score_days: Whole = setting(
        0, "From WATCH on the score shown is the highest of so many days; 0: today's."
    )


class FactSection(Section):
    """Indicators that show the same fact."""

    name: Text = setting(..., "What it is, for people.", "fact")
    indicators: Many[AnyIndicator] = setting(..., "Of those that are lit the strongest counts.")


class CountingSection(Section):
    """How arrears become a default, and which regimes are shown."""

    retail_per_facility: Switch = setting(False, "RETAIL and MICRO are counted by facility.")
    pulling_micro: Share = setting(
        "0.2", "Share of the exposure in default from which the whole obligor is.", "pulling"
    )
    regimes: Many[Annotated[str, *one_of("regime", REGIMES)]] = setting(
        REGIMES, "The regimes whose labels are computed."
    )


class CutsSection(Section):
    """Score points at which a state is entered and, lower, left; and where they come from."""

    attention: Points = setting(..., "ATTENTION from here on.")
    watch: Points = setting(..., "WATCH from here on.")
    high_risk: Points = setting(..., "HIGH_RISK from here on.")
    attention_exit: Points = setting(..., "ATTENTION may be left below.")
    watch_exit: Points = setting(..., "WATCH may be left below.")
    high_risk_exit: Points = setting(..., "HIGH_RISK may be left below.")
    family: Share = setting(1, "Family score that alone leads to WATCH when it stays …")
    family_days: Whole = setting(10, "… for so many business days.")
    population: Text = setting("", "On whom the cuts were set.")
    budget: Text = setting("", "The share of healthy borrowers allowed per state.")
    set_on: Text = setting("", "Last day of that history.", "date")

    def faults(self) -> Iterator[Fault]:
        if min(self.watch - self.attention, self.high_risk - self.watch) < CUT_DISTANCE:
            yield (), "attention, watch and high_risk must rise by 10 points or more each"
        for entry in ("attention", "watch", "high_risk"):
            if getattr(self, f"{entry}_exit") > getattr(self, entry):
                yield (), f"{entry}_exit must not lie above {entry}: a state would flicker"


class RuleSection(Section):
    """A rule of the state machine."""

    id: Text = setting(..., "Named in every transition that it causes.")


class EntryRuleSection(RuleSection):
    """Every stated condition must be met for the borrower to enter a state."""

    to: State = setting(..., "The state that is entered.")
    text: Text = setting("", "What it means, for people.")
    score: Switch = setting(False, "The score is at the segment's cut for the state.")
    amber_families: Whole = setting(0, "Families with a signal at amber or worse.")
    reds: Whole = setting(0, "Signals at red or worse …")
    red_families: Whole = setting(0, "… spread over so many families.")
    tests: Many[Test] = setting([], 'Tests such as "R-01 > 30 d" or "F-08 red".', "any_of")
    tests_needed: Whole = setting(1, "How many of any_of must be true.", "at_least")
    family_cut: Switch = setting(False, "One family stayed at the family cut.")
    flags: Many[Flag] = setting([], "Any of these is set.")
    all_flags: Many[Flag] = setting([], "All of these are set.")

    def faults(self) -> Iterator[Fault]:
        if not self.model_fields_set - {"id", "to", "text", "tests_needed"}:
            yield (), "states no condition, so it would always be true"

    def compiled(self) -> EntryRule:
        masks = {"flags": _mask(self.flags), "all_flags": _mask(self.all_flags)}
        return EntryRule(**dict(self) | masks, hard=not (self.score or self.family_cut))


class ExitRuleSection(RuleSection):
    """Every stated condition must be met at a day close before a state is left."""

    source: State = setting(..., "The state that is left.", "from")
    to: State = setting(..., "The state that follows.")
    automatic: Switch = setting(False, "False: the system proposes, a second person approves.")
    score_days: Whole = setting(0, "Days with the score below the exit cut.")
    dwell_days: Whole = setting(0, "Shortest stay in the state.")
    no_red: Switch = setting(False, "No signal is red.")
    no_arrears_days: Whole = setting(0, "Days without arrears.")
    on_time: Whole = setting(0, "The last so many instalments were paid on time.")
    no_hard_days: Whole = setting(0, "Days without a hard rule of the state or of a worse one.")
    statement_in_time: Switch = setting(False, "No statement is late.")
    months_without_default: Whole = setting(0, "Months without a trigger of default.")
    months_if_forborne: Whole = setting(0, "The same where the borrower is forborne.")
    dwell_months: Whole = setting(0, "Shortest stay in the state, in calendar months.")
    months_on_time: Whole = setting(0, "Months with every instalment due paid on time.")
    months_on_time_sparse: Whole = setting(0, "The same where two or fewer fall due a year.")
    all_arrears_paid: Switch = setting(False, "Nothing is past due, material or not.")
    ability_assessed: Switch = setting(False, "An inspection found the borrower able to pay.")
    no_open_finding: Switch = setting(False, "No finding of an officer is open.")


class ForbearanceSection(Section):
    """How concessions are judged."""

    npv_loss_micro: Share = setting(
        "0.01", "Loss of present value from which a restructuring is distressed.", "npv_loss"
    )
    probation_months: Whole = setting(24, "Months that a forborne borrower must perform.")
    months_paid_micro: Share = setting(
        "0.5", "Share of the months with something due in which it must have paid.", "months_paid"
    )
    significant_micro: Share = setting(
        "0.1", "Share of what fell due in a month that counts as paid.", "significant"
    )
    most_arrears_days: Whole = setting(30, "Days past due allowed at the end of the probation.")
    difficulty_days: Whole = setting(30, "Later than this before a measure is difficulty …")
    difficulty_window_days: Whole = setting(90, "… on one of so many days before it.")
    late_days: Whole = setting(5, "So late when a measure comes is difficulty too.")
    sale_loss_micro: Share = setting(
        "0.05", "Loss on a claim sold above which the sale is a trigger of default.", "sale_loss"
    )


class AbilitySection(Section):
    """What stands in for the inspection that a cure needs; two people approve it as rulebook."""

    segments: Many[Annotated[str, *one_of("segment", SEGMENTS)]] = setting(
        [], "The segments for which it does."
    )
    on_time: Positive = setting(3, "So many of the last instalments were paid on time.")


class StatesSection(Section):
    """The state machine's rules and limits."""

    entries: Many[EntryRuleSection] = setting([], "What puts a borrower into a state.", "entry")
    exits: Many[ExitRuleSection] = setting([], "What lets a borrower out of a state.", "exit")
    quiet_business_days: Whole = setting(10, "No relaxation so soon after a tightening.")
    least_completeness: Share = setting(
        "0.6", "Weight that must be measured for a relaxation, of the data that ever came."
    )
    most_moves: Whole = setting(3, "No relaxation after so many changes of direction …")
    moves_window_days: Whole = setting(90, "… in so many days.")
    forbearance: ForbearanceSection = setting({}, "Concessions.")
    ability: AbilitySection = setting({}, "Ability to pay without an inspection.")

    def faults(self) -> Iterator[Fault]:
        ids: set[str] = set()
        parts: dict[str, tuple[RuleSection, ...]] = {"entry": self.entries, "exit": self.exits}
        for part, rules in parts.items():
            for index, rule in enumerate(rules):
                if rule.id in ids:
                    yield (part, index, "id"), f"rule id {rule.id!r} is used twice"
                ids |= {rule.id} - {""}

    def compiled(self) -> StatePolicy:
        entries = sorted((rule.compiled() for rule in self.entries), key=lambda rule: -rule.to)
        compared = {test.slot for rule in entries for test in rule.tests if test.threshold}
        fields = dict(self) | {
            "entries": tuple(entries),
            "exits": tuple(ExitRule(**dict(rule)) for rule in self.exits),
            "forbearance": ForbearanceRules(**dict(self.forbearance)),
            "ability": AbilityRule(**dict(self.ability)),
        }
        return StatePolicy(**fields, compared_slots=tuple(sorted(compared)))


class OverlaySection(Section):
    """Changes for some borrowers. The most specific overlay wins, in the order of the fields."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [name]} for name in SELECTORS]}
    )

    name: Text = setting(..., "Shown where the overlay is named.")
    borrower_id: Text | None = setting(None, "This one.", "borrower")
    product: Annotated[str, *one_of("product", PRODUCTS)] | None = setting(
        None, "The type of all open loans; BULLET: term loans repaid all at once."
    )
    industry: Text | None = setting(None, "Beginning of the industry code.")
    younger_than_months: Positive | None = setting(None, "Firms that started more recently.")
    segment: Annotated[str, *one_of("segment", SEGMENTS)] | None = setting(None, "This segment.")
    indicators: Indicators = setting({}, "What changes, by indicator.")
    cuts: CutsSection | None = setting(None, "All the cuts, in place of the segment's.")
    first_year: Switch = setting(
        False, "Until the same months of the year before are known (A-01, A-16, A-17)."
    )

    def faults(self) -> Iterator[Fault]:
        if all(part is None for part in self.selector):
            yield (), f"applies to no borrower; give one of {', '.join(SELECTORS)}"

    @property
    def selector(self) -> tuple[object, ...]:
        """Returns the borrowers to whom it applies."""
        return self.borrower_id, self.product, self.industry, self.younger_than_months, self.segment

    @property
    def chosen_by(self) -> str:
        """Returns the field by which it chooses borrowers, the first if there are several."""
        chosen = zip(SELECTORS, self.selector, strict=True)
        return next((name for name, value in chosen if value is not None), "")

    def compiled(self) -> Overlay:
        patches = {
            BY_ID[name].slot: entry.patch(BY_ID[name]) for name, entry in self.indicators.items()
        }
        cuts = self.cuts and Cuts(**dict(self.cuts))
        return Overlay(**dict(self) | {"indicators": patches, "cuts": cuts})


class SecondOpinionSection(Section):
    """PD models that inform and decide nothing; `tocsin model attach` writes them."""

    champion: Model | None = None
    challenger: Model | None = None

    def faults(self) -> Iterator[Fault]:
        models = [model for _, model in self if model is not None]
        if self.challenger is not None and self.champion is None:
            yield (), "a challenger without a champion; make it the champion"
        elif len({(model.name, model.version) for model in models}) < len(models):
            yield (), "champion and challenger are the same model; leave the challenger out"


class RulebookDocument(Section):
    """Every number that a credit team may change."""

    name: Text = setting(..., "Its name, shown on every assessment.", "rulebook")
    version: Text = setting(..., "Another text needs another version.")
    title: Text = setting("", "What it is, for people.")
    tolerance: ToleranceSection = setting({}, "What may stay unpaid without being late.")
    materiality: MaterialitySection = setting({}, "Regulatory past due.")
    counted_arrears: CountedArrearsSection | None = setting(
        None, "From which amount on arrears count; without it, all above the tolerance do."
    )
    statements: StatementAgeSection | None = setting(
        None, "When statements are too old, and when they are due; without it, never."
    )
    counting: CountingSection = setting({}, "How arrears become a default.")
    inspections: Table[AnySegment, Table[OpenState, Whole]] = setting(
        {}, "Months from one inspection to the next, by segment, then by state."
    )
    cuts: Table[AnyCuts, CutsSection] = setting(
        ...,
        'Score cuts: by segment and data profile ("SME full"), else by segment, else "*".',
        extra={"required": ["*"]},
    )
    states: StatesSection = setting(..., "When a borrower changes state.")
    indicators: Indicators = setting(
        ...,
        "How each indicator is judged; one that is left out is not measured.",
        extra={"patternProperties": {"": {"required": ["weight"]}}},
    )
    lit_signals: LitSignalsSection = setting({}, "What stays while a signal is lit.")
    season_months: Whole = setting(
        15,
        "Full months from which A-01, A-16, A-17 compare with the year before; 13 or more.",
        "seasons",
    )
    facts: Many[FactSection] = setting(
        [], "What is counted once across families, and corroborates nothing but itself."
    )
    overlays: Many[OverlaySection] = setting([], "Changes for some borrowers.")
    second_opinion: SecondOpinionSection = setting({}, "PD models in addition to the rules.")

    def faults(self) -> Iterator[Fault]:
        if EVERY_SEGMENT not in self.cuts:
            text = 'the cuts for "*" are missing: they hold where a segment has none of its own'
            yield ("cuts",), text
        for name, entry in self.indicators.items():
            if entry.weight is None:
                text = "weight is missing; write 0 for a note that does not score"
                yield ("indicators", name), text
            if not entry.components_of(BY_ID[name]):
                names = ", ".join(component.name for component in BY_ID[name].components)
                text = f"no thresholds; give amber and red for: {names}"
                yield ("indicators", name), text
        yield from self._overlay_faults()
        yield from self._fact_faults()
        overlays = [overlay.compiled() for overlay in self.overlays]
        for role, model in self.second_opinion:
            for text in misfits(model, _rules(self.indicators), overlays) if model else ():
                yield ("second_opinion", role), text

    def _fact_faults(self) -> Iterator[Fault]:
        facts: dict[str, str] = {}
        for index, fact in enumerate(self.facts):
            for name in fact.indicators:
                if name not in self.indicators:
                    text = f"{name} is not in this rulebook's indicators; add it there first"
                    yield ("facts", index, "indicators"), text
                elif name in facts:
                    text = f"{name} is in {facts[name]!r} already; it shows one fact only"
                    yield ("facts", index, "indicators"), text
                facts[name] = fact.name

    def _overlay_faults(self) -> Iterator[Fault]:
        changed: dict[tuple[object, ...], int] = {}
        for index, overlay in enumerate(self.overlays):
            for what in (*overlay.indicators, *(("cuts",) if overlay.cuts else ())):
                other = changed.setdefault((*overlay.selector, what), index)
                if other != index:
                    names = f"{self.overlays[other].name!r} and {overlay.name!r}"
                    text = (
                        f"{names} are for the same borrowers, and both change {what}, so neither "
                        "would win; join them"
                    )
                    yield ("overlays", index, overlay.chosen_by), text
            for name, entry in overlay.indicators.items():
                base = self.indicators.get(name)
                texts = ["is not in this rulebook's indicators; add it there first"]
                for text in texts if base is None else _lost_levels(BY_ID[name], base, entry):
                    yield ("overlays", index, "indicators", name), text

    def compiled(self) -> Rulebook:
        """Returns the rulebook that the domain works with."""
        overlays = tuple(overlay.compiled() for overlay in self.overlays)
        return Rulebook(
            name=self.name,
            version=self.version,
            indicators=_rules(self.indicators),
            cuts={key: Cuts(**dict(cuts)) for key, cuts in self.cuts.items()},
            policy=self.states.compiled(),
            tolerance=Tolerance(**dict(self.tolerance)),
            materiality=self.materiality.compiled(),
            counted_arrears=None
            if self.counted_arrears is None
            else self.counted_arrears.compiled(),
            statement_age=None if self.statements is None else self.statements.compiled(),
            baseline_months=self.lit_signals.baseline_months,
            score_days=self.lit_signals.score_days,
            season_months=max(FEWEST_SEASON_MONTHS, self.season_months),
            counting=Counting(**dict(self.counting)),
            facts=tuple(
                tuple(sorted(BY_ID[name].slot for name in fact.indicators)) for fact in self.facts
            ),
            overlays=overlays,
            inspections={
                segment: _by_state(months) for segment, months in self.inspections.items()
            },
            models=tuple(model for _, model in self.second_opinion if model is not None),
            named=frozenset(
                overlay.borrower_id for overlay in overlays if overlay.borrower_id is not None
            ),
            ages=tuple(sorted({overlay.younger_than_months or 0 for overlay in overlays} - {0})),
            by_product=any(overlay.product is not None for overlay in overlays),
        )


def _mask(flags: Iterable[int]) -> int:
    return sum(1 << flag for flag in {*flags})


def _rules(indicators: Mapping[str, IndicatorSection]) -> dict[int, IndicatorRule]:
    return {BY_ID[name].slot: entry.rule(BY_ID[name]) for name, entry in indicators.items()}


def _by_state(months: Mapping[int, int]) -> tuple[int, ...]:
    """Returns the months by state; nothing where no state has any."""
    if not any(months.values()):
        return ()
    return tuple(months.get(state, 0) for state in range(len(STATE_NAMES)))


def _lost_levels(
    indicator: Indicator, base: IndicatorSection, entry: IndicatorSection
) -> Iterator[str]:
    """Yields the thresholds that an overlay would lose: those of a component change together."""
    replaced = base.components_of(indicator)
    for position, rule in entry.components_of(indicator).items():
        for level in LEVELS:
            lost = getattr(replaced.get(position), level, None)
            if lost is not None and getattr(rule, level) is None:
                written = diff.threshold(lost, indicator.components[position].unit)
                yield (
                    f"gives thresholds for {rule.name} without {level}, which would be lost; an "
                    f"overlay replaces them together: write {level}: "
                    f'"{written}" as it was, or another'
                )
