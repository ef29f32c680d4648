"""Encodes an assessment: the data of `assessment.changed.v1` and its whole CloudEvent.

Called by the scoring worker for the outbox and by `tocsin score`. Must stay true: the bytes are a
pure function of the assessment (sorted keys, no clock, an id made of borrower and sequence), so a
second fold of the same log gives the same bytes.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec

from services.contracts.bounds import (
    FIRST_DATE,
    FIRST_MOMENT,
    GREATEST_AMOUNT,
    LAST_DATE,
    LAST_MOMENT,
)
from services.contracts.currencies import decimals_of
from services.scoring.domain.assess.assessment import (
    Assessment,
    Contributor,
    EmittedChanges,
    FactorProfile,
    Positive,
    RecordedTransition,
    SameFact,
    Task,
)
from services.scoring.domain.assess.explain import shown_micro, shown_threshold
from services.scoring.domain.borrower.borrower import AssessmentChange
from services.scoring.domain.borrower.reasons import (
    COVENANT,
    DECISION,
    FAMILY_RUN,
    FLAG,
    SCORE,
    SIGNAL,
    SUBJECT_KINDS,
    TEST_KINDS,
    RecordedTest,
    Subject,
)
from services.scoring.domain.borrower.risk import NOT_SCORED, STATE_NAMES
from services.scoring.domain.indicators.registry import BY_ID
from services.scoring.domain.primitives.measurement import LEVEL_NAMES, MICRO, Unit
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.pd import Opinion
from services.scoring.domain.rulebook.rulebook import FAMILY_NAMES

SOURCE: Final = "tocsin/scoring"
TYPE: Final = "assessment.changed.v1"
# Exit conditions that are a share.
SHARES: Final = frozenset({"low_completeness"})
OPINIONS: Final = ("pd", "pd_challenger")
CUT_STATES: Final = ("ATTENTION", "WATCH", "HIGH_RISK")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_DAY: Final = FIRST_DATE.toordinal()
LAST_DAY: Final = LAST_DATE.toordinal()

UNIT_NAMES: Final = {unit: unit.name.lower() for unit in Unit}

Json = dict[str, Any]


class _Change(msgspec.Struct, gc=False):
    kind: str
    indicator: str | None = None
    before: str | None = msgspec.field(name="from", default=None)
    after: str | None = msgspec.field(name="to", default=None)


class _Changes(msgspec.Struct, gc=False):
    as_of: date
    changes: list[_Change]


class _Emitted(msgspec.Struct, gc=False):
    data: _Changes


_decode_changes: Final = msgspec.json.Decoder(_Emitted).decode


def risk_event(assessment: Assessment) -> bytes:
    """Returns the canonical CloudEvent of an emitted assessment."""
    envelope: Json = {
        "specversion": "1.0",
        "id": f"{assessment.borrower_id}:{assessment.sequence}",
        "source": SOURCE,
        "type": TYPE,
        "subject": assessment.borrower_id,
        "time": shown_moment(assessment.at_us),
        "sequence": assessment.sequence,
        "data": assessment_data(assessment),
    }
    return msgspec.json.encode(envelope, order="deterministic")


def assessment_data(assessment: Assessment) -> Json:
    """Returns the assessment as the contract's JSON object."""
    return {
        "borrower_id": assessment.borrower_id,
        "sequence": assessment.sequence,
        "at": shown_moment(assessment.at_us),
        "as_of": shown_day(assessment.as_of),
        "segment": assessment.segment,
        "officer_id": assessment.officer_id,
        "branch_id": assessment.branch_id,
        "cause": {
            "source": assessment.cause.source,
            "id": assessment.cause.id,
            "type": assessment.cause.type,
        },
        "corrected": assessment.corrected,
        "rulebook": {
            "name": assessment.rulebook,
            "version": assessment.rulebook_version,
            "cuts_population": assessment.cuts_population,
            "cuts": {
                state: round(cut * 100 / MICRO, 2)
                for state, cut in zip(CUT_STATES, assessment.cuts, strict=True)
            },
        },
        "transition": _transition(assessment.transition),
        "score_override": round(assessment.score_override * 100 / MICRO, 2),
        **_verdict(assessment),
        **_reasons(assessment),
        **_money_side(assessment),
        **second_opinions(assessment),
    }


def second_opinions(assessment: Assessment) -> Json:
    """Returns the PDs by the role of their model; nothing where there is no model."""
    return {
        name: shown_opinion(opinion)
        for name, opinion in zip(OPINIONS, assessment.opinions, strict=False)
    }


def shown_opinion(opinion: Opinion) -> Json:
    """Returns one model's PD with its reason codes, figures as decimal strings."""
    return {
        "value": f"{opinion.value / MICRO:.6f}",
        "model": opinion.model.name,
        "version": opinion.model.version,
        "horizon_days": opinion.model.horizon_days,
        "reasons": [
            {"indicator": indicator, "name": name, "points": f"{points / MICRO:.4f}"}
            for indicator, name, points in opinion.reasons
        ],
    }


def emitted_changes(event: bytes) -> EmittedChanges:
    """Returns the business date and the changes in the bytes of an emitted assessment."""
    data = _decode_changes(event).data
    return EmittedChanges(
        data.as_of.toordinal(),
        [
            AssessmentChange(change.kind, change.indicator, change.before, change.after)
            for change in data.changes
        ],
    )


def _transition(transition: RecordedTransition | None) -> Json | None:
    if transition is None:
        return None
    return {
        "from": transition.before,
        "to": transition.after,
        "rule_ids": transition.rule_ids,
        "actor": transition.actor,
        "approver": transition.approver,
        "reason": transition.reason or transition.after,
        "expires_date": None
        if transition.expires_day is None
        else shown_day(transition.expires_day),
        "correlation_id": transition.correlation_id,
    }


def _verdict(assessment: Assessment) -> Json:
    following = assessment.distance_to_next
    return {
        "state": assessment.state,
        "from_state": assessment.from_state,
        "state_since": shown_day(assessment.state_since),
        "trigger_rule_ids": assessment.trigger_rule_ids,
        "score": round(assessment.score * 100 / MICRO, 2),
        "family_scores": family_scores(assessment),
        "completeness": assessment.completeness / MICRO,
        "low_confidence": assessment.low_confidence,
        "distance_to_next": (
            {"state": following[0], "score_points": round(following[1] * 100 / MICRO, 2)}
            if following is not None
            else None
        ),
        "days_late": assessment.days_late,
        "days_in_arrears": assessment.dpd_operational,
        "dpd_operational": assessment.dpd_operational,
        "dpd_regulatory": assessment.dpd_regulatory,
        "flags": assessment.flags,
        "regimes": assessment.regimes,
        "state_tests": [recorded_test(test) for test in assessment.tests],
    }


def family_scores(assessment: Assessment) -> dict[str, float | None]:
    """Returns each family's score in [0, 1], null where nothing of the family is expected."""
    return {
        name: None if figure == NOT_SCORED else figure / MICRO
        for name, figure in zip(FAMILY_NAMES, assessment.family_scores, strict=True)
    }


def _reasons(assessment: Assessment) -> Json:
    return {
        "reason": assessment.reasons,
        "contributors": [_contributor(each) for each in assessment.contributors],
        "unmeasurable": [
            {
                "indicator": gap.indicator,
                "reason": gap.reason,
                "fallback": None if gap.fallback is None else shown_micro(gap.fallback),
            }
            for gap in assessment.unmeasurable
        ],
        "measured_green": assessment.measured_green,
        "factors": [shown_factor(profile) for profile in assessment.factors],
        "positives": [shown_positive(positive) for positive in assessment.positives],
        "tasks": [shown_task(task) for task in assessment.tasks],
        "changes": [_change(change) for change in assessment.changes],
    }


def _contributor(signal: Contributor) -> Json:
    return {
        "indicator": signal.indicator,
        "name": signal.name,
        "component": signal.component,
        "figure": signal.figure or None,
        "family": signal.family,
        "risk_type": signal.risk_type,
        **_belonging(signal.classification),
        "level": LEVEL_NAMES[signal.level],
        "value": shown_micro(signal.value),
        "unit": UNIT_NAMES[signal.unit],
        "amber": signal.amber or None,
        "red": signal.red or None,
        "baseline": None if signal.baseline is None else shown_micro(signal.baseline),
        "share": round(signal.share / MICRO, 4),
        "intensity": signal.intensity / MICRO,
        "since": shown_day(signal.since) if signal.since else None,
        "evidence_event_ids": signal.evidence,
        "subjects": [_subject(subject) for subject in signal.subjects],
        "also": [_same_fact(other) for other in signal.also],
    }


def _belonging(classification: Classification) -> Json:
    return {
        "factor": classification.factor,
        "trigger": classification.trigger,
        "stage": classification.stage,
    }


def shown_factor(profile: FactorProfile) -> Json:
    """Returns one factor of the profile."""
    return {
        "factor": profile.factor,
        "level": None if profile.level is None else LEVEL_NAMES[profile.level],
        "share": round(profile.share / MICRO, 4),
        "indicator": profile.strongest or None,
        "name": BY_ID[profile.strongest].name if profile.strongest else None,
        "measured": None if profile.measured is None else profile.measured / MICRO,
    }


def shown_positive(positive: Positive) -> Json:
    """Returns a figure that is good."""
    return {
        "indicator": positive.indicator,
        "name": positive.name,
        "component": positive.component,
        **_belonging(positive.classification),
        "value": shown_micro(positive.value),
        "unit": UNIT_NAMES[positive.unit],
        "good": shown_threshold(positive.good),
    }


def shown_task(task: Task) -> Json:
    """Returns what waits for a person."""
    return {"code": task.code, "subjects": [_subject(subject) for subject in task.subjects]}


def _same_fact(other: SameFact) -> Json:
    return {
        "indicator": other.indicator,
        "name": other.name,
        "level": LEVEL_NAMES[other.level],
        "value": shown_micro(other.value),
        "unit": UNIT_NAMES[other.unit],
    }


def recorded_test(test: RecordedTest) -> Json:
    """Returns a test that was true when the state changed, as it was recorded."""
    shown: Json = {
        "rule_id": test.rule_id,
        "kind": TEST_KINDS[test.kind],
        "code": test.code,
        **(_signal_of(test) if test.kind == SIGNAL else _figure_of(test)),
        "subjects": [_subject(subject) for subject in test.subjects],
        "evidence_event_ids": test.refs,
    }
    if test.days:
        shown["days"] = test.days
    return shown


def _signal_of(test: RecordedTest) -> Json:
    indicator = BY_ID[test.code]
    component = indicator.components[test.component]
    shown: Json = {
        "name": indicator.name,
        "component": component.name,
        "family": FAMILY_NAMES[indicator.family],
        "level": LEVEL_NAMES[test.level],
        "value": shown_micro(test.value),
        "unit": UNIT_NAMES[component.unit],
    }
    if test.operator:
        shown["threshold"] = f"{test.operator} {shown_micro(test.threshold)}"
    return shown


def _figure_of(test: RecordedTest) -> Json:
    """Returns what else was counted: a score in points, a family in [0, 1], a number of signals."""
    if test.kind == SCORE:
        value, limit = shown_micro(test.value * 100), shown_micro(test.threshold * 100)
    elif test.kind == FAMILY_RUN or test.code in SHARES:
        value, limit = shown_micro(test.value), shown_micro(test.threshold)
    elif test.kind in (FLAG, DECISION):
        return {}
    else:
        value, limit = str(test.value), str(test.threshold)
    return {"value": value, "threshold": f"{test.operator or '>='} {limit}"}


def _subject(subject: Subject) -> Json:
    shown: Json = {"kind": SUBJECT_KINDS[subject.kind], "id": subject.id}
    if subject.minor and subject.currency:
        shown["amount"] = shown_money(subject.minor, decimals_of(subject.currency))
        shown["currency"] = subject.currency
    if subject.since:
        shown["since"] = shown_day(subject.since)
    if subject.detail:
        shown["detail"] = subject.detail
    if subject.kind == COVENANT:
        sign = "<=" if subject.is_ceiling else ">="
        shown["value"] = shown_micro(subject.figure)
        shown["limit"] = f"{sign} {shown_micro(subject.limit)}"
    return shown | {"evidence_event_ids": subject.refs}


def _change(change: AssessmentChange) -> Json:
    return {
        "kind": change.kind,
        "indicator": change.indicator,
        "from": change.before,
        "to": change.after,
    }


def _money_side(assessment: Assessment) -> Json:
    money = assessment.position
    decimals = decimals_of(money.currency)
    due = None
    if money.next_due_day is not None:
        due = {
            "date": shown_day(money.next_due_day),
            "amount": shown_money(money.next_due_amount, decimals),
        }
    return {
        "currency": money.currency,
        "past_due": shown_money(money.past_due, decimals),
        "exposure": shown_money(money.exposure, decimals),
        "next_due": due,
        "money_at_risk": assessment.money_at_risk,
        "undrawn": None if money.undrawn is None else shown_money(money.undrawn, decimals),
        "worse_if_unpaid": [
            {
                "state": STATE_NAMES[step.state],
                "days": step.days,
                "amount": shown_money(step.minor, decimals),
                "due_date": shown_day(step.due_day) if step.due_day else None,
            }
            for step in assessment.worsening
        ],
    }


def shown_money(minor: int, decimals: int) -> str:
    """Returns minor units as a decimal string with all its decimals: 1050 is ``10.50``.

    A sum beyond the contract's greatest amount is that amount: "this much, or more".
    """
    sign = "-" if minor < 0 else ""
    whole, fraction = divmod(abs(minor), 10**decimals)
    if whole > GREATEST_AMOUNT:
        whole, fraction = GREATEST_AMOUNT, 0
    if decimals == 0:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:0{decimals}d}"


def shown_day(day: int) -> str:
    """Returns an ordinal as an ISO date, at most as far away as a date of the contract."""
    return date.fromordinal(max(FIRST_DAY, min(day, LAST_DAY))).isoformat()


def moment_of(at_us: int) -> datetime:
    """Returns microseconds since 1970 as a moment of the contract, the nearest one to it."""
    return max(FIRST_MOMENT, min(EPOCH + timedelta(microseconds=at_us), LAST_MOMENT))


def shown_moment(at_us: int) -> str:
    """Returns microseconds since 1970 as RFC 3339 in UTC, microseconds kept when there are any."""
    moment = moment_of(at_us).isoformat()
    return moment.replace("+00:00", "Z")
