"""Defines a compiled rulebook: every number that a credit team may change, as plain data.

Adapters read it from YAML; the core only uses it. `Rulebook.rules_for` resolves the overlays for
one kind of borrower (segment, then age, industry, product, then the borrower itself; the most
specific wins) and remembers the answer. All figures are integers: micro-units, days, minor units of
a currency.

Must stay true: nothing here is changed after compilation, so two folds can share one rulebook.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.reasons import Subject
from services.scoring.domain.borrower.risk import SLOTS, slot_of
from services.scoring.domain.primitives.measurement import Measurement, Unit
from services.scoring.domain.primitives.money import Rates, decimals_of
from services.scoring.domain.primitives.vocabulary import BULLET_LOANS, LOAN_TYPES, TERM
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.pd import PdModel
from services.scoring.domain.rulebook.policy import StatePolicy
from services.scoring.domain.rulebook.thresholds import ComponentRule, patched_component

REPAYMENT: Final = 0
ACCOUNT: Final = 1
STATEMENT: Final = 2
COLLATERAL_GROUP: Final = 3
EXTERNAL_FAMILY: Final = 4
FAMILIES: Final = 5
FAMILY_NAMES: Final = ("REPAYMENT", "ACCOUNT", "STATEMENT", "COLLATERAL_GROUP", "EXTERNAL")

RETAIL_SEGMENTS: Final = ("RETAIL", "MICRO")
# Signals of this group add points to the score; they weigh in no family and confirm nothing.
SURCHARGE_GROUP: Final = "surcharge"
Measure = Callable[[Borrower, int, "Rules"], Measurement]
Evidence = Callable[[Borrower, int], list[str]]
# The cuts that are written in score points: into the three states, then out of them.
CUT_POINTS: Final = (
    "attention",
    "watch",
    "high_risk",
    "attention_exit",
    "watch_exit",
    "high_risk_exit",
)
# Two cuts are at least this far apart, micro-units: a state is worse than the one before it.
CUT_DISTANCE: Final = 100_000
# The key of cuts and inspections for segments without their own.
EVERY_SEGMENT: Final = "*"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What may stay unpaid without being late: max(fixed part, share of the instalment)."""

    relative_micro: int = 1_000
    fixed_minor: dict[str, int] = field(default_factory=dict)

    def minor(self, currency: str, instalment_minor: int) -> int:
        """Return the tolerated amount in minor units for one instalment."""
        fixed = self.fixed_minor.get(currency)
        if fixed is None:
            fixed = 10 ** (decimals_of(currency) or 2)
        return max(fixed, instalment_minor * self.relative_micro // 1_000_000)


@dataclass(frozen=True, slots=True)
class Materiality:
    """Both tests of regulatory past due: above the amount *and* above the share of exposure."""

    relative_micro: int = 10_000
    retail_minor: dict[str, int] = field(default_factory=lambda: {"EUR": 10_000})
    other_minor: dict[str, int] = field(default_factory=lambda: {"EUR": 50_000})

    def absolute_minor(
        self, segment: str, currency: str, rates: Rates | None, day: int
    ) -> int | None:
        """Return the absolute threshold; None where it is not known.

        A currency that is not listed has the EUR figure at the rate of the day.
        """
        table = self.retail_minor if segment in RETAIL_SEGMENTS else self.other_minor
        listed = table.get(currency)
        if listed is not None:
            return listed
        return None if rates is None else rates.converted(table["EUR"], "EUR", currency, day)

    def is_listed(self, segment: str, currency: str) -> bool:
        """Return whether the currency has an absolute threshold of its own."""
        return currency in (self.retail_minor if segment in RETAIL_SEGMENTS else self.other_minor)

    def is_material(self, absolute: int, arrears: int, exposure: int) -> bool:
        """Return whether arrears exceed both thresholds; without exposure the amount decides."""
        if arrears <= absolute:
            return False
        return exposure <= 0 or arrears * 1_000_000 > exposure * self.relative_micro


@dataclass(frozen=True, slots=True)
class CountedArrears(Materiality):
    """From which amount on something overdue counts for early warning.

    It exceeds the absolute amount or the share of exposure, whichever is lower, and a share of the
    oldest unpaid instalment, as due, of the loan that is late.
    """

    retail_minor: dict[str, int] = field(default_factory=lambda: {"EUR": 2_500})
    other_minor: dict[str, int] = field(default_factory=lambda: {"EUR": 10_000})
    instalment_micro: int = 50_000

    def is_material(self, absolute: int, arrears: int, exposure: int) -> bool:
        """Return whether arrears exceed the lower of both thresholds."""
        return arrears > absolute or arrears * 1_000_000 > exposure * self.relative_micro


@dataclass(frozen=True, slots=True)
class StatementAge:
    """When statements are too old, and when they are due where nobody stated it.

    Args:
        stale_months: Months after the period's end beyond which a statement says nothing.
        due_days: Days after the period's end by which a firm must have sent it.
        due_days_large: The same for large firms.
        countries: Both by country, where it has its own.
    """

    stale_months: int = 18
    due_days: int = 180
    due_days_large: int = 120
    countries: dict[str, tuple[int, int]] = field(default_factory=dict)

    def days_until_due(self, country: str, *, is_large: bool) -> int:
        """Return the days from the period's end to the due date."""
        days = self.countries.get(country, (self.due_days, self.due_days_large))
        return days[1] if is_large else days[0]


@dataclass(frozen=True, slots=True)
class Counting:
    """How arrears become a default, and which regimes are shown.

    Args:
        retail_per_facility: RETAIL and MICRO are counted facility by facility (CRR 178(1)).
        pulling_micro: Share of the exposure in default from which the whole obligor is.
        regimes: The regimes whose labels are computed, by the names of `regimes.labels`.
    """

    retail_per_facility: bool = False
    pulling_micro: int = 200_000
    regimes: tuple[str, ...] = ("ifrs9", "eu", "npe", "rbi", "china")


@dataclass(frozen=True, slots=True)
class Component:
    """One figure of an indicator. ``name`` is what rulebooks call it; ``label`` is for people."""

    name: str
    unit: Unit
    label: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What a figure is about, the worst first, each with its own evidence."""

    subjects: Callable[[Borrower, int, "Rules"], list[Subject]]


@dataclass(frozen=True, slots=True)
class Indicator:
    """One entry of the catalogue.

    Args:
        id: As in the catalogue, ``R-01``.
        name: A few plain words for a loan officer.
        family: One of REPAYMENT … EXTERNAL_FAMILY.
        group: Correlation group; inside (family, group) only the strongest indicator scores.
        risk_type: Key of the playbook, such as ``PAYMENT_DELAY``.
        classification: Where it belongs: factor, trigger class, stage of the credit process.
        components: The figures that ``measure`` returns, in order; the first is the usual one.
        reads: Bits of `touched` of the facts that ``measure`` reads.
        measure: ``(borrower, as_of day ordinal, rules) -> Measurement``. During a day ``as_of`` is
            the event's business date; at the close of day D it is D, and windows include D.
        evidence: ``(borrower, as_of) -> references of events``; called only when an assessment is
            written, newest first, at most a handful; or what the figure is about (`About`).
    """

    id: str
    name: str
    family: int
    group: str
    risk_type: str
    classification: Classification
    components: tuple[Component, ...]
    reads: int
    measure: Measure
    evidence: Evidence | About | None = None

    @property
    def slot(self) -> int:
        """Return the fixed position in `Signals`."""
        return slot_of(self.id)


@dataclass(frozen=True, slots=True)
class IndicatorRule:
    """How one indicator is judged: weight, group, components by position, decay.

    Args:
        components: One rule per declared component, ``None`` where the rulebook does not use that
            component.
        needs_all: Every component that has a figure must agree (worst level and g are the mildest);
            otherwise the worst component decides (domain reading 4).
        weight: Largest contribution to the family, micro-units; 0 shows the signal as a note.
        half_life_days: Decay of point events, 0 for none.
        is_season_only: Nothing but the same months of the year before is a base (A-01).
        seasoned: How it is judged against the same months of the year before, where overlays are
            for the first year only.
    """

    indicator: Indicator
    slot: int
    weight: int
    group: str
    components: tuple[ComponentRule | None, ...]
    needs_all: bool = False
    half_life_days: int = 0
    enabled: bool = True
    is_season_only: bool = False
    seasoned: "IndicatorRule | None" = None


def cuts_key(segment: str, data_profile: str) -> str:
    """Return the key of cuts for a segment and, unless it is empty, a data profile."""
    return f"{segment} {data_profile}" if data_profile else segment


@dataclass(frozen=True, slots=True)
class Cuts:
    """Score cuts of one segment or data profile, micro-units, and where they come from."""

    attention: int
    watch: int
    high_risk: int
    attention_exit: int
    watch_exit: int
    high_risk_exit: int
    family: int
    family_days: int
    population: str = ""
    budget: str = ""
    set_on: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rulebook as it applies to one kind of borrower. This is what the fold works with.

    ``groups`` has, per family and correlation group, the slots that compete; notes (weight 0) are
    in no group. ``surcharges`` are the slots that add points to the score and belong to no family.
    ``inspection_months`` are, by state, the months between inspections, 0 for none; empty where no
    state has any. ``sector_z`` is the log's figure of the borrower's sector, None without one; it
    counts up to ``sector_until``. ``models`` are the second opinions, the champion first. ``facts``
    are the slots that show the same fact, ``fact_slots`` all of them, ``fact_families`` the bits of
    the families that share one. ``baseline_months`` is how long a lit signal keeps its base,
    ``score_days`` for how many days the score shown from WATCH on is the highest; 0 for never.
    """

    name: str
    version: str
    segment: str
    indicators: tuple[IndicatorRule, ...]
    by_slot: tuple[IndicatorRule | None, ...]
    by_family: tuple[tuple[IndicatorRule, ...], ...]
    groups: tuple[tuple[tuple[int, ...], ...], ...]
    cuts: Cuts
    policy: StatePolicy
    tolerance: Tolerance
    materiality: Materiality
    counted_arrears: CountedArrears | None = None
    statement_age: StatementAge | None = None
    baseline_months: int = 0
    score_days: int = 0
    season_months: int = 15
    by_facts: dict[int, tuple[IndicatorRule, ...]] = field(default_factory=dict)
    counting: Counting = field(default_factory=Counting)
    is_per_facility: bool = False
    inspection_months: tuple[int, ...] = ()
    sector_z: int | None = None
    models: tuple[PdModel, ...] = ()
    sector_until: int = 0
    # What may stay unpaid of an instalment that was paid on time.
    habit_tolerance: Tolerance = field(default_factory=Tolerance)
    surcharges: tuple[int, ...] = ()
    facts: tuple[tuple[int, ...], ...] = ()
    fact_slots: frozenset[int] = frozenset()
    fact_families: int = 0

    def touched_by(self, facts: int) -> tuple[IndicatorRule, ...]:
        """Return the indicators to evaluate after an event that touched these kinds of fact."""
        rules = self.by_facts.get(facts)
        if rules is None:
            rules = tuple(rule for rule in self.indicators if rule.indicator.reads & facts)
            self.by_facts[facts] = rules
        return rules


@dataclass(frozen=True, slots=True)
class IndicatorPatch:
    """What an overlay changes about one indicator; ``None`` leaves it as it is."""

    enabled: bool | None = None
    weight: int | None = None
    group: str | None = None
    needs_all: bool | None = None
    half_life_days: int | None = None
    is_season_only: bool | None = None
    components: dict[int, ComponentRule] = field(default_factory=dict)


def is_of_industry(code: str, beginning: str) -> bool:
    """Return whether a code begins so, with or without its section letter (G47.1 or 47.1)."""
    return code.startswith(beginning) or (code[:1].isalpha() and code[1:].startswith(beginning))


TraitsKey = tuple[str, str, str, str, int, str]


@dataclass(frozen=True, slots=True)
class BorrowerTraits:
    """The traits by which overlays and cuts distinguish borrowers.

    Args:
        borrower_id: Empty for everyone who has no overlay of their own.
        product: One of `vocabulary.PRODUCTS`, empty where the open loans differ or there are none.
        months_old: Full months since the firm started, -1 where that is not known.
        data_profile: One of `data_profile.DATA_PROFILES`: cuts differ by it, overlays do not. Empty
            where the segment has no cuts of its own for it.
    """

    segment: str
    industry: str = ""
    borrower_id: str = ""
    product: str = ""
    months_old: int = -1
    data_profile: str = ""

    @property
    def key(self) -> TraitsKey:
        """Return the key under which resolved rules are cached."""
        return (
            self.segment,
            self.industry,
            self.borrower_id,
            self.product,
            self.months_old,
            self.data_profile,
        )


@dataclass(frozen=True, slots=True)
class Overlay:
    """Changes for some borrowers. ``None`` matches everything.

    With ``first_year`` they count until the same months of the year before are known.
    """

    name: str
    segment: str | None
    industry: str | None
    borrower_id: str | None
    indicators: dict[int, IndicatorPatch]
    cuts: Cuts | None = None
    product: str | None = None
    younger_than_months: int | None = None
    first_year: bool = False

    def matches(self, kind: BorrowerTraits) -> bool:
        """Return whether it applies; an industry matches by the beginning of its code."""
        return (
            self.segment in (None, kind.segment)
            and (self.industry is None or is_of_industry(kind.industry, self.industry))
            and self.borrower_id in (None, kind.borrower_id)
            and (
                self.product in (None, kind.product)
                or (self.product == LOAN_TYPES[TERM] and kind.product == BULLET_LOANS)
            )
            and (
                self.younger_than_months is None or 0 <= kind.months_old < self.younger_than_months
            )
        )

    @property
    def rank(self) -> tuple[bool, bool, bool, int, bool, bool]:
        """Return how specific it is: borrower, product, length of industry code, age, segment.

        Bullet loans are term loans too, so a rule for them alone is more specific.
        """
        return (
            self.borrower_id is not None,
            self.product is not None,
            self.product == BULLET_LOANS,
            len(self.industry or ""),
            self.younger_than_months is not None,
            self.segment is not None,
        )


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A named version of all rules, with its overlays.

    ``named`` are the borrowers that have an overlay of their own, ``ages`` the months at which an
    overlay for young firms ends, ``by_product`` whether any overlay is for a product. ``models``
    are the second opinions: the champion, then the challenger.
    """

    name: str
    version: str
    indicators: dict[int, IndicatorRule]
    cuts: dict[str, Cuts]
    policy: StatePolicy
    tolerance: Tolerance = field(default_factory=Tolerance)
    materiality: Materiality = field(default_factory=Materiality)
    counted_arrears: CountedArrears | None = None
    statement_age: StatementAge | None = None
    baseline_months: int = 0
    score_days: int = 0
    season_months: int = 15
    counting: Counting = field(default_factory=Counting)
    facts: tuple[tuple[int, ...], ...] = ()
    overlays: tuple[Overlay, ...] = ()
    named: frozenset[str] = frozenset()
    inspections: dict[str, tuple[int, ...]] = field(default_factory=dict)
    models: tuple[PdModel, ...] = ()
    ages: tuple[int, ...] = ()
    by_product: bool = False
    resolved: dict[TraitsKey, Rules] = field(default_factory=dict)

    def rules_for(
        self,
        segment: str,
        industry: str = "",
        borrower_id: str = "",
        product: str = "",
        months_old: int = -1,
    ) -> Rules:
        """Return the rules for this borrower. Cached by what can make a difference."""
        return self.rules_of(
            self.kind_of(BorrowerTraits(segment, industry, borrower_id, product, months_old))
        )

    def kind_of(self, kind: BorrowerTraits) -> BorrowerTraits:
        """Return only what can make a difference."""
        return BorrowerTraits(
            kind.segment,
            kind.industry,
            kind.borrower_id if kind.borrower_id in self.named else "",
            kind.product if self.by_product else "",
            self._age_class(kind.months_old),
            kind.data_profile if cuts_key(kind.segment, kind.data_profile) in self.cuts else "",
        )

    def rules_of(self, kind: BorrowerTraits) -> Rules:
        """Return the rules for a kind reduced to what can make a difference."""
        rules = self.resolved.get(kind.key)
        if rules is None:
            rules = self.resolved[kind.key] = self._resolve(kind)
        return rules

    def cuts_key_of(self, segment: str, data_profile: str) -> str:
        """Return the key of the cuts that apply: the profile's, else the segment's, else ``*``."""
        for key in (cuts_key(segment, data_profile), segment):
            if key in self.cuts:
                return key
        return EVERY_SEGMENT

    def _age_class(self, months_old: int) -> int:
        """Return the least age that is judged like this one, -1 where no overlay has an age."""
        if months_old < 0 or not self.ages:
            return -1
        return max((age for age in self.ages if age <= months_old), default=0)

    def _resolve(self, kind: BorrowerTraits) -> Rules:
        chosen = dict(self.indicators)
        cuts = self.cuts[self.cuts_key_of(kind.segment, kind.data_profile)]
        matching = [overlay for overlay in self.overlays if overlay.matches(kind)]
        for overlay in sorted(matching, key=lambda overlay: overlay.rank):
            for slot, patch in overlay.indicators.items():
                chosen[slot] = _overlaid(chosen[slot], patch, is_first_year=overlay.first_year)
            cuts = overlay.cuts or cuts
        active = tuple(chosen[slot] for slot in sorted(chosen) if chosen[slot].enabled)
        return compile_rules(self, kind.segment, active, cuts)


def compile_rules(
    rulebook: Rulebook, segment: str, active: tuple[IndicatorRule, ...], cuts: Cuts
) -> Rules:
    """Return rules with their indexes."""
    by_slot: list[IndicatorRule | None] = [None] * SLOTS
    by_family: list[list[IndicatorRule]] = [[] for _ in range(FAMILIES)]
    groups: list[dict[str, list[int]]] = [{} for _ in range(FAMILIES)]
    surcharges: list[int] = []
    facts = _facts_in_use(rulebook, active)
    for rule in active:
        by_slot[rule.slot] = rule
        if rule.group == SURCHARGE_GROUP:
            surcharges.append(rule.slot)
            continue
        by_family[rule.indicator.family].append(rule)
        if rule.weight:
            groups[rule.indicator.family].setdefault(rule.group, []).append(rule.slot)
    return Rules(
        name=rulebook.name,
        version=rulebook.version,
        segment=segment,
        indicators=active,
        by_slot=tuple(by_slot),
        by_family=tuple(tuple(family) for family in by_family),
        groups=tuple(tuple(tuple(group) for group in family.values()) for family in groups),
        cuts=cuts,
        policy=rulebook.policy,
        tolerance=rulebook.tolerance,
        materiality=rulebook.materiality,
        counted_arrears=rulebook.counted_arrears,
        statement_age=rulebook.statement_age,
        baseline_months=rulebook.baseline_months,
        score_days=rulebook.score_days,
        season_months=rulebook.season_months,
        habit_tolerance=_habit_tolerance(rulebook),
        counting=rulebook.counting,
        is_per_facility=rulebook.counting.retail_per_facility and segment in RETAIL_SEGMENTS,
        inspection_months=rulebook.inspections.get(segment, rulebook.inspections.get("*", ())),
        models=rulebook.models,
        surcharges=tuple(surcharges),
        facts=facts,
        fact_slots=frozenset(slot for slots in facts for slot in slots),
        fact_families=_families_of(facts, active),
    )


def _families_of(facts: tuple[tuple[int, ...], ...], active: tuple[IndicatorRule, ...]) -> int:
    """Return the bits of the families that share a fact with another one."""
    bits = {rule.slot: 1 << rule.indicator.family for rule in active}
    together = 0
    for slots in facts:
        families = {bits[slot] for slot in slots}
        if len(families) > 1:
            together |= sum(families)
    return together


def _facts_in_use(
    rulebook: Rulebook, active: tuple[IndicatorRule, ...]
) -> tuple[tuple[int, ...], ...]:
    """Return the facts that two indicators in use or more can show."""
    scored = {rule.slot for rule in active if rule.weight}
    facts = [tuple(slot for slot in slots if slot in scored) for slots in rulebook.facts]
    return tuple(slots for slots in facts if len(slots) > 1)


def _overlaid(rule: IndicatorRule, patch: IndicatorPatch, *, is_first_year: bool) -> IndicatorRule:
    """Return the rule with the patch, which may count for the first year only."""
    seasoned = rule.seasoned
    if is_first_year:
        seasoned = seasoned or replace(rule, seasoned=None)
    elif seasoned is not None:
        seasoned = patched(seasoned, patch)
    return replace(patched(rule, patch), seasoned=seasoned)


def _habit_tolerance(rulebook: Rulebook) -> Tolerance:
    """Return the tolerance, or the share of an instalment that does not count, if that is more."""
    tolerance, counted = rulebook.tolerance, rulebook.counted_arrears
    share = max(tolerance.relative_micro, counted.instalment_micro if counted else 0)
    return replace(tolerance, relative_micro=share)


def patched(rule: IndicatorRule, patch: IndicatorPatch) -> IndicatorRule:
    """Return the rule with the patch applied; components that the patch does not name stay."""
    components = tuple(
        patched_component(component, patch.components.get(position))
        for position, component in enumerate(rule.components)
    )
    return replace(
        rule,
        enabled=rule.enabled if patch.enabled is None else patch.enabled,
        weight=rule.weight if patch.weight is None else patch.weight,
        group=rule.group if patch.group is None else patch.group,
        needs_all=rule.needs_all if patch.needs_all is None else patch.needs_all,
        half_life_days=(
            rule.half_life_days if patch.half_life_days is None else patch.half_life_days
        ),
        is_season_only=(
            rule.is_season_only if patch.is_season_only is None else patch.is_season_only
        ),
        components=components,
    )
