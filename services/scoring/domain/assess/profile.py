"""Sums a judgement up by factor; names what is measured good, and what people have to do.

Called only when an assessment is emitted or read. Must stay true: reads the borrower, changes
nothing; what is good scores nothing.
"""

from collections.abc import Sequence
from typing import Final

from services.scoring.domain.assess.assessment import Contributor, FactorProfile, Positive, Task
from services.scoring.domain.assess.reasons import MOST_SUBJECTS
from services.scoring.domain.assess.state_inputs import paid_on_time
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.reasons import OVERRIDE, Subject
from services.scoring.domain.borrower.risk import SMALL_ARREARS, Signals, slot_of
from services.scoring.domain.indicators.subjects import late_loans
from services.scoring.domain.primitives.measurement import (
    GREEN,
    MEASURED,
    MICRO,
    NOT_APPLICABLE,
)
from services.scoring.domain.rulebook.classification import FACTORS
from services.scoring.domain.rulebook.rulebook import IndicatorRule, Rules
from services.scoring.domain.rulebook.thresholds import Threshold

HABIT_SLOT: Final = slot_of("R-03")
# How many instalments in a row paid on time are counted, at most, and are named, at least.
MOST_ON_TIME: Final = 12
LEAST_ON_TIME: Final = 6


def factor_profiles(
    causes: Sequence[Contributor], signals: Signals, rules: Rules
) -> list[FactorProfile]:
    """Return the five factors, always all of them and in the same order."""
    profiles = {factor: FactorProfile(factor) for factor in FACTORS}
    for cause in causes:
        profile = profiles[cause.classification.factor]
        profile.share += cause.share
        # The largest share comes first.
        profile.strongest = profile.strongest or cause.indicator
    for rule in rules.indicators:
        status, level = signals.status[rule.slot], signals.level[rule.slot]
        if status == NOT_APPLICABLE:
            continue
        profile = profiles[rule.indicator.classification.factor]
        weight = 0 if rule.slot in rules.surcharges else rule.weight
        profile.applicable += weight
        if status == MEASURED:
            profile.known += weight
            profile.level = profile.level or GREEN
        # A hard rule falls back to a figure that is no measurement.
        if level > (profile.level or GREEN):
            if not profile.share:
                profile.strongest = rule.indicator.id
            profile.level = level
    return list(profiles.values())


def positives(borrower: Borrower, rules: Rules, as_of: int) -> list[Positive]:
    """Return the figures that are good by the rulebook; none that adds to the score."""
    signals, good_figures = borrower.signals, list[Positive]()
    for rule in rules.indicators:
        slot = rule.slot
        if signals.status[slot] != MEASURED or signals.level[slot] or signals.contribution[slot]:
            continue
        judged = rule.components[signals.detail[slot]]
        if judged is None or judged.good is None or not judged.good.reached(signals.value[slot]):
            continue
        positive = _positive(borrower, rules, rule, judged.good, as_of)
        if positive is not None:
            good_figures.append(positive)
    return good_figures


def _positive(
    borrower: Borrower, rules: Rules, rule: IndicatorRule, good: Threshold, as_of: int
) -> Positive | None:
    """Return a figure that is good; of payments on time only where there are enough of them."""
    indicator, value = rule.indicator, borrower.signals.value[rule.slot]
    if rule.slot == HABIT_SLOT:
        value = paid_on_time(borrower, rules, as_of, MOST_ON_TIME) * MICRO
        if value < LEAST_ON_TIME * MICRO:
            return None
    component = indicator.components[borrower.signals.detail[rule.slot]]
    return Positive(
        indicator=indicator.id,
        name=indicator.name,
        component=component.name,
        classification=indicator.classification,
        value=value,
        unit=component.unit,
        good=good,
    )


def tasks(borrower: Borrower, rules: Rules, as_of: int) -> list[Task]:
    """Return what waits for a person: arrears too small to count, decisions to be reviewed."""
    waiting = []
    if borrower.risk.flags & SMALL_ARREARS:
        waiting.append(Task("SMALL_ARREARS", late_loans(borrower, as_of, rules)[:MOST_SUBJECTS]))
    reviews = borrower.decisions.reviews_due(as_of) if borrower.decisions.overrides else []
    if reviews:
        subjects = [
            Subject(
                kind=OVERRIDE,
                id=decision.override_id,
                since=decision.until_day,
                refs=[decision.ref],
            )
            for decision in reviews
        ]
        waiting.append(Task("REVIEW_DUE", subjects[:MOST_SUBJECTS]))
    return waiting
