"""Takes one step of judgement: measures, scores, moves the state and emits what is new.

Called by `fold` after the facts of an event have changed. Must stay true: an assessment is due when
the state, a level, a regime label or a bucket of days past due changes, when the score has moved 5
points since the last one emitted, when a relaxation is newly proposed, and at each month's close,
each day's while the borrower is not normal or a hard signal is lit, and for a while after, because
an alert may be open still; never on every event (design section 4).
"""

from dataclasses import dataclass
from typing import Final

from services.scoring.domain.assess import facts as fact_groups
from services.scoring.domain.assess import score as scoring
from services.scoring.domain.assess.assessment import Assessment, Cause, RecordedTransition
from services.scoring.domain.assess.entry_rules import is_nothing_triggered, triggered_rules
from services.scoring.domain.assess.evaluate import SignalChanges, evaluate, forget_verdicts
from services.scoring.domain.assess.explain import rule_at, shown_micro, snapshot
from services.scoring.domain.assess.money_at_risk import READS, money_at_risk
from services.scoring.domain.assess.reasons import flag_changes, record
from services.scoring.domain.assess.state_inputs import state_inputs_of
from services.scoring.domain.assess.states import (
    Transition,
    close_day,
    escalate,
    forget_broken_runs,
)
from services.scoring.domain.borrower.borrower import DECISIONS_PART, AssessmentChange, Borrower
from services.scoring.domain.borrower.decisions import score_override
from services.scoring.domain.borrower.risk import CLOSED, NORMAL, STATE_NAMES, RiskRecord
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.dates import is_month_end
from services.scoring.domain.primitives.measurement import HARD, LEVEL_NAMES, MICRO
from services.scoring.domain.regimes import life_cycle
from services.scoring.domain.regimes.labels import Labels, is_clean, labels
from services.scoring.domain.rulebook.rulebook import FAMILIES, Rules

NEWS_SCORE_MICRO: Final = 50_000
# For how long figures follow each close after people had to act: past the last step of escalation.
FOLLOWED_DAYS: Final = 90
# The labels of a borrower without arrears or flags: nearly all of them, nearly always.
CLEAN: Final = "CLEAN"
CLEAN_LABELS: Final = {
    "ifrs9": "STAGE_1",
    "eu_default": False,
    "eu_facilities": "",
    "npe": False,
    "rbi": "STANDARD",
    "china": "NORMAL",
}
# Facts that move a state only through the level or the contribution of a signal. The others (loans,
# payments, a day) also move figures that rules compare directly, such as days past due.
ONLY_THROUGH_SIGNALS: Final = (
    touched.FLOWS
    | touched.BALANCES
    | touched.FACILITIES
    | touched.STATEMENTS
    | touched.BOUNCES
    | touched.COLLATERAL
    | touched.COVENANTS
    | touched.LINKS
)


@dataclass(slots=True)
class Trigger:
    """Why a borrower is judged: the event's business date and knowledge time, and what it touched.

    ``closed_before`` is the day closed before the one that a day close closes, 0 for none.
    ``corrects`` says that the event corrects another, ``is_correction`` that closed days may have
    been assessed wrongly.
    """

    as_of: int
    at_us: int
    facts: int
    cause: Cause
    closed_before: int = 0
    is_day_close: bool = False
    is_correction: bool = False
    corrects: bool = False


def step(borrower: Borrower, rules: Rules, trigger: Trigger) -> Assessment | None:
    """Judge the borrower after one event and return an assessment if there is news."""
    risk = borrower.risk
    proposed_before, known_rules = risk.proposed_to, risk.rule_ids
    facts = trigger.facts if risk.sequence else touched.EVERYTHING
    evaluation = evaluate(borrower, trigger.as_of, rules, facts, corrects=trigger.corrects)
    if facts and not facts & ~ONLY_THROUGH_SIGNALS and not evaluation.is_news:
        return None
    rescore(borrower, rules, evaluation, trigger)
    transition = _move(borrower, rules, trigger, evaluation)
    if transition is not None:
        borrower.changed |= DECISIONS_PART
        risk.follow_score(trigger.as_of, rules.score_days)
        record(borrower, rules, transition, trigger.as_of)
    regimes = _moved_labels(borrower, rules, trigger, transition)
    reasons = _reasons(borrower, trigger, evaluation, transition, regimes)
    if risk.proposed_to not in (-1, proposed_before):
        reasons.append("PROPOSAL")
    lost = _rules_lost(borrower, rules, trigger, known_rules) if trigger.is_correction else []
    if trigger.is_correction and (reasons or lost):
        reasons.append("CORRECTED")
    if not reasons or not borrower.profile.reporting_currency:
        return None
    changes = _changes(borrower, rules, evaluation, transition)
    changes += [AssessmentChange("LOST_GROUND", None, rule_id, None) for rule_id in lost]
    assessment = _emit(borrower, rules, trigger, reasons, changes, regimes)
    if transition is not None:
        assessment.transition = _recorded(transition, trigger)
    return assessment


def reassess(borrower: Borrower, rules: Rules, trigger: Trigger) -> Assessment | None:
    """Judge everything again after a new rulebook; signals it no longer uses are cleared."""
    forget_verdicts(borrower.signals, rules)
    trigger.facts = touched.EVERYTHING
    everything = SignalChanges(families=(1 << FAMILIES) - 1, coverage_moved=True)
    rescore(borrower, rules, everything, trigger)
    return step(borrower, rules, trigger)


def correct(
    borrower: Borrower, rules: Rules, trigger: Trigger, *, levels: list[int]
) -> Assessment | None:
    """Return an assessment if the borrower differs from the last one emitted; measure nothing.

    ``levels`` are those of the signals as they were known before.
    """
    risk = borrower.risk
    if risk.sequence == 0:
        return None
    emitted, now = risk.emitted, borrower.signals.level
    moved = [
        slot
        for slot, level in enumerate(now)
        if level != levels[slot] and rules.by_slot[slot] is not None
    ]
    checks = (
        ("STATE", risk.state != emitted.state),
        ("LEVEL", bool(moved)),
        ("DPD_BUCKET", dpd_bucket(borrower.counters.operational_days) != emitted.dpd_bucket),
        ("SCORE", abs(risk.shown_score - emitted.score) >= NEWS_SCORE_MICRO),
        ("FLAG", risk.flags != emitted.flags),
        ("REGIME", regime_text(borrower, rules, trigger.as_of) != emitted.regimes),
    )
    reasons = [reason for reason, is_true in checks if is_true]
    if not reasons:
        return None
    changes = [
        AssessmentChange(
            "LEVEL",
            rule_at(rules, slot).indicator.id,
            LEVEL_NAMES[levels[slot]],
            LEVEL_NAMES[now[slot]],
        )
        for slot in moved
    ]
    if risk.state != emitted.state:
        names = STATE_NAMES[emitted.state], STATE_NAMES[risk.state]
        changes.insert(0, AssessmentChange("STATE", None, *names))
    changes += _figure_changes(risk)
    return _emit(borrower, rules, trigger, [*reasons, "CORRECTED"], changes, None)


def rescore(borrower: Borrower, rules: Rules, evaluation: SignalChanges, trigger: Trigger) -> None:
    """Recompute the families that moved, and the score and completeness if any did.

    A correction that lowers the score lowers the one shown at once.
    """
    risk, before = borrower.risk, borrower.risk.score
    if evaluation.families:
        _rescore_families(borrower, rules, evaluation, trigger.as_of)
    if evaluation.families or trigger.facts & touched.DECISIONS:
        risk.score = scoring.combined(risk.families)
        if rules.surcharges:
            risk.score = scoring.with_surcharge(risk.score, borrower.signals, rules)
        if borrower.decisions.overrides:
            points = score_override(borrower.decisions, trigger.as_of)
            risk.score = min(MICRO, max(0, risk.score + points))
    if trigger.corrects and risk.score < before:
        risk.peaks = []
    risk.follow_score(trigger.as_of, rules.score_days)
    if evaluation.coverage_moved:
        risk.completeness = scoring.completeness(borrower.signals, rules)


def _rescore_families(
    borrower: Borrower, rules: Rules, evaluation: SignalChanges, as_of: int
) -> None:
    """Recompute the families that moved, and those with which they share a fact that moved."""
    risk, signals, moved = borrower.risk, borrower.signals, evaluation.families
    was_apart = risk.is_excess_apart
    fact_groups.follow_exposures(borrower, rules, as_of)
    repeated = fact_groups.repeated(signals, rules, risk)
    # No signal repeats another and none has stopped scoring: none repeated another before either.
    is_alone = not repeated and all(signals.contribution[slot] for slot in evaluation.slots)
    has_moved = risk.is_excess_apart != was_apart or not (
        is_alone or rules.fact_slots.isdisjoint(evaluation.slots)
    )
    if has_moved and moved & rules.fact_families:
        moved |= rules.fact_families
    for family in range(FAMILIES):
        if moved >> family & 1:
            risk.families[family] = scoring.family_score(signals, rules, family, repeated)


def _move(
    borrower: Borrower, rules: Rules, trigger: Trigger, evaluation: SignalChanges
) -> Transition | None:
    if trigger.is_day_close:
        inputs = state_inputs_of(borrower, rules, trigger.as_of)
        inputs.closed_before = trigger.closed_before
        if borrower.decisions.default.since:
            borrower.changed |= DECISIONS_PART
        return close_day(inputs)
    quiet = not evaluation.changes and not evaluation.families
    if quiet and not trigger.facts & ~ONLY_THROUGH_SIGNALS:
        return None
    if _is_sound(borrower, rules):
        return None
    inputs = state_inputs_of(borrower, rules, trigger.as_of)
    inputs.is_correction = trigger.is_correction
    return escalate(inputs)


def _is_sound(borrower: Borrower, rules: Rules) -> bool:
    """Return whether the borrower is normal and nothing asks for a worse state: the usual case."""
    risk, decisions = borrower.risk, borrower.decisions
    if risk.state != NORMAL or decisions.overrides or decisions.default.since:
        return False
    is_triggered = not is_nothing_triggered(risk, borrower.signals, rules)
    return not is_triggered and not life_cycle.triggers(borrower)


def _reasons(
    borrower: Borrower,
    trigger: Trigger,
    evaluation: SignalChanges,
    transition: Transition | None,
    regimes: Labels | None,
) -> list[str]:
    risk = borrower.risk
    emitted = risk.emitted
    if risk.sequence == 0:
        return ["FIRST"]
    checks = (
        ("STATE", transition is not None),
        ("LEVEL", bool(evaluation.changes)),
        ("DPD_BUCKET", dpd_bucket(borrower.counters.operational_days) != emitted.dpd_bucket),
        ("SCORE", abs(risk.shown_score - emitted.score) >= NEWS_SCORE_MICRO),
        ("MONTH_CLOSE", trigger.is_day_close and is_month_end(trigger.as_of)),
        ("DAY_CLOSE", trigger.is_day_close and _is_shown_daily(borrower, trigger.as_of)),
        ("DECISION", bool(borrower.news)),
        ("FLAG", risk.flags != emitted.flags),
        ("MONEY_AT_RISK", _money_came_at_risk(borrower, trigger)),
    )
    reasons = [reason for reason, is_true in checks if is_true]
    if regimes is not None and _one_text(regimes) != emitted.regimes:
        reasons.append("REGIME")
    return reasons


def _money_came_at_risk(borrower: Borrower, trigger: Trigger) -> bool:
    """Return whether money is at risk only since the last assessment emitted; not in NORMAL."""
    risk = borrower.risk
    if risk.emitted.is_money_at_risk or risk.state == NORMAL or not trigger.facts & READS:
        return False
    return bool(money_at_risk(borrower, trigger.as_of))


def _is_shown_daily(borrower: Borrower, day: int) -> bool:
    """Return whether people act on the borrower or did lately: no figure may be older than a day.

    Scoring does not know alerts, and one may stay open after the borrower is normal again.
    """
    return day <= borrower.risk.emitted.followed_until or _is_acted_on(borrower)


def _is_acted_on(borrower: Borrower) -> bool:
    return NORMAL < borrower.risk.state < CLOSED or HARD in borrower.signals.level


def _moved_labels(
    borrower: Borrower, rules: Rules, trigger: Trigger, transition: Transition | None
) -> Labels | None:
    """Return the labels of the regimes where they can differ from those emitted, else None.

    They follow days past due, flags and the state; account flows never move them.
    """
    may_move = transition is not None or bool(trigger.facts & ~ONLY_THROUGH_SIGNALS)
    if not may_move or (is_clean(borrower) and borrower.risk.emitted.regimes == CLEAN):
        return None
    return labels(borrower, rules, trigger.as_of)


def dpd_bucket(arrears_days: int) -> int:
    """Return 0 for none, then 1 for 1 to 30 days, 2 to 60, 3 to 90, 4 beyond."""
    if arrears_days <= 0:
        return 0
    return min(4, (arrears_days - 1) // 30 + 1)


def regime_text(borrower: Borrower, rules: Rules, day: int) -> str:
    """Return the regime labels in one string, to be compared."""
    return CLEAN if is_clean(borrower) else _one_text(labels(borrower, rules, day))


def _one_text(by_regime: Labels) -> str:
    best = all(
        by_regime[name] == label for name, label in CLEAN_LABELS.items() if name in by_regime
    )
    return CLEAN if best else " ".join(str(label) for label in by_regime.values())


def _rules_lost(
    borrower: Borrower, rules: Rules, trigger: Trigger, known_rules: list[str]
) -> list[str]:
    """Return the rules behind the present state that the corrected facts no longer support."""
    if borrower.risk.state == NORMAL:
        return []
    forget_broken_runs(borrower.risk, rules.cuts)
    inputs = state_inputs_of(borrower, rules, trigger.as_of)
    entries = {rule.id for rule in rules.policy.entries}
    still = {rule.id for rule in triggered_rules(inputs, above=0)}
    return [rule_id for rule_id in known_rules if rule_id in entries and rule_id not in still]


def _changes(
    borrower: Borrower, rules: Rules, evaluation: SignalChanges, transition: Transition | None
) -> list[AssessmentChange]:
    risk = borrower.risk
    changes = [
        AssessmentChange(
            "LEVEL",
            rule_at(rules, change.slot).indicator.id,
            LEVEL_NAMES[change.before],
            LEVEL_NAMES[change.after],
        )
        for change in evaluation.changes
    ]
    if transition is not None:
        names = STATE_NAMES[transition.before], STATE_NAMES[transition.after]
        changes.insert(0, AssessmentChange("STATE", None, *names))
    changes += borrower.news
    return changes + _figure_changes(risk)


def _figure_changes(risk: RiskRecord) -> list[AssessmentChange]:
    """Return the flags and the score that differ from the last assessment emitted."""
    changes = flag_changes(risk.emitted.flags if risk.sequence else risk.flags, risk.flags)
    if risk.sequence and risk.shown_score != risk.emitted.score:
        points = shown_micro(risk.emitted.score * 100), shown_micro(risk.shown_score * 100)
        changes.append(AssessmentChange("SCORE", None, *points))
    return changes


def _recorded(transition: Transition, trigger: Trigger) -> RecordedTransition:
    """Return a transition with everything that an auditor needs (domain 4.6)."""
    cause = trigger.cause
    return RecordedTransition(
        before=STATE_NAMES[transition.before],
        after=STATE_NAMES[transition.after],
        rule_ids=transition.rule_ids,
        actor=transition.actor,
        approver=transition.approver or None,
        reason=transition.reason,
        expires_day=transition.until_day or None,
        correlation_id=transition.decision_id or f"{cause.source}#{cause.id}",
    )


def _emit(
    borrower: Borrower,
    rules: Rules,
    trigger: Trigger,
    reasons: list[str],
    changes: list[AssessmentChange],
    regimes: Labels | None,
) -> Assessment:
    risk, cause = borrower.risk, trigger.cause
    assessment = snapshot(borrower, rules, trigger.as_of, trigger.at_us, cause, regimes)
    is_first = risk.sequence == 0
    risk.sequence += 1
    assessment.sequence = risk.sequence
    assessment.reasons = reasons
    assessment.changes = changes
    assessment.from_state = None if is_first else STATE_NAMES[risk.emitted.state]
    assessment.corrected = trigger.is_correction
    emitted = risk.emitted
    emitted.score, emitted.state = risk.shown_score, risk.state
    emitted.dpd_bucket = dpd_bucket(borrower.counters.operational_days)
    emitted.regimes = CLEAN if is_clean(borrower) else _one_text(assessment.regimes)
    emitted.flags = risk.flags
    emitted.is_money_at_risk = bool(assessment.money_at_risk)
    if _is_acted_on(borrower):
        emitted.followed_until = trigger.as_of + FOLLOWED_DAYS
    return assessment
