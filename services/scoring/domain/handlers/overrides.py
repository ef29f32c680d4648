"""Applies people's overrides, and ends those that have expired.

The fold also calls `weigh` after an event that touched decisions, and `pass_day` at each day close
of a borrower about whom something was decided. Must stay true: one person never decides alone,
every refusal names its reason, and nothing ends but at a day close (invariants 7 and 12).
"""

from typing import Final

from services.scoring.domain.arrears import forbearance
from services.scoring.domain.borrower.borrower import (
    DECISIONS_PART,
    AssessmentChange,
    Borrower,
)
from services.scoring.domain.borrower.decisions import (
    EXCEPTION,
    FLAG,
    LIFT_UNLIKELY_TO_PAY,
    RELAX,
    SCORE,
    TECHNICAL,
    TIGHTEN,
    UNFLAG,
    UNLIKELY_TO_PAY,
    Override,
)
from services.scoring.domain.borrower.risk import (
    ATTENTION,
    EXIT_LIST,
    FORBORNE,
    FRAUD_RED_FLAG,
    HIGH_RISK,
    NORMAL,
    PROBATION,
    TECHNICAL_PAST_DUE,
    UTP,
    WATCH,
)
from services.scoring.domain.events.credit_file import OverrideApproved
from services.scoring.domain.handlers.loans import exclude_technical, set_dispute_flag
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import OVERRIDE_KINDS
from services.scoring.domain.regimes import life_cycle
from services.scoring.domain.rulebook.policy import StatePolicy
from services.scoring.domain.rulebook.rulebook import Rules

# Flags that are set exactly as long as a decision that sets them is in force.
DECIDED_FLAGS: Final = UTP | FRAUD_RED_FLAG | EXIT_LIST | TECHNICAL_PAST_DUE
FLAGS_BY_HAND: Final = FRAUD_RED_FLAG | EXIT_LIST
LIFTED_BY_HAND: Final = FLAGS_BY_HAND | FORBORNE
NEEDS_EXPIRY: Final = frozenset({TIGHTEN, RELAX, EXCEPTION, SCORE, TECHNICAL})
# What a decision for each kind of state may name, and from which state one step leads there.
TIGHTENS_TO: Final = frozenset({ATTENTION, WATCH, HIGH_RISK})
LEFT_FOR: Final = {NORMAL: (ATTENTION,), ATTENTION: (WATCH,), WATCH: (HIGH_RISK, PROBATION)}
MOST_POINTS_MICRO: Final = 150_000


def approve(borrower: Borrower, event: OverrideApproved) -> int:
    """Record a decision of two people, or the reason why it does not count."""
    refused = refusal_of(borrower, event)
    named = f"{OVERRIDE_KINDS[event.kind]} {event.override_id}"
    if refused:
        borrower.news.append(AssessmentChange("REFUSED", None, named, refused))
        return touched.DECISIONS
    borrower.news.append(AssessmentChange("DECIDED", None, named, event.reason))
    overrides = borrower.decisions.overrides
    if event.kind == LIFT_UNLIKELY_TO_PAY:
        ended = [known for known in overrides if known.kind == UNLIKELY_TO_PAY]
    elif event.kind == UNFLAG:
        ended = [known for known in overrides if known.kind == FLAG and known.flags & event.flags]
        if event.flags & FORBORNE:
            forbearance.rebut(borrower)
    else:
        ended = [known for known in overrides if known.override_id == event.override_id]
        overrides.append(_override(event))
    for override in ended:
        overrides.remove(override)
    if event.kind != TECHNICAL:
        return touched.DECISIONS
    exclude_technical(borrower, event)
    return touched.DECISIONS | touched.PAYMENTS | touched.PAST


def _override(event: OverrideApproved) -> Override:
    flags = {UNLIKELY_TO_PAY: UTP, TECHNICAL: TECHNICAL_PAST_DUE}.get(event.kind, event.flags)
    return Override(
        override_id=event.override_id,
        ref=event.ref,
        kind=event.kind,
        state=event.state,
        reason=event.reason,
        actor=event.proposed_by,
        approver=second_person(event),
        from_day=event.effective_day,
        until_day=event.expires_day or 0,
        loan_id=event.loan_id,
        points_micro=event.points_micro,
        flags=flags,
        trigger=event.trigger,
    )


def second_person(event: OverrideApproved) -> str:
    """Return who approved and did not propose; empty where nobody did.

    Ids of persons are compared in lower case, as they are stored: "Alice" is "alice".
    """
    proposer = event.proposed_by.lower()
    return next((person for person in event.approved_by if person.lower() != proposer), "")


def refusal_of(borrower: Borrower, event: OverrideApproved) -> str:
    """Return why a decision does not count, as a code; empty when it does."""
    checks = (
        ("one_person", not second_person(event)),
        ("no_expiry", event.kind in NEEDS_EXPIRY and event.expires_day is None),
        ("no_time_left", event.expires_day is not None and _is_over(borrower, event)),
        ("state_not_possible", not _is_possible_state(borrower.risk.state, event)),
        ("no_such_loan", not _is_known_loan(borrower, event)),
        ("points_out_of_range", _are_points_wrong(event)),
        ("no_such_flag", event.kind == FLAG and not event.flags & FLAGS_BY_HAND),
        ("no_such_flag", event.kind == UNFLAG and not event.flags & LIFTED_BY_HAND),
        ("nothing_to_lift", not _has_something_to_lift(borrower, event)),
    )
    return next((code for code, applies in checks if applies), "")


def _is_over(borrower: Borrower, event: OverrideApproved) -> bool:
    """Return whether nothing is left; the same decision may be sent again to end it today."""
    assert event.expires_day is not None
    overrides = borrower.decisions.overrides
    if any(known.override_id == event.override_id for known in overrides):
        return False
    return event.expires_day <= max(event.effective_day, event.day)


def _is_possible_state(state: int, event: OverrideApproved) -> bool:
    if event.kind == TIGHTEN:
        return event.state in TIGHTENS_TO
    if event.kind == RELAX:
        return state in LEFT_FOR.get(event.state, ())
    if event.kind == EXCEPTION:
        return state in LEFT_FOR.get(event.state, ()) and state != PROBATION
    return True


def _is_known_loan(borrower: Borrower, event: OverrideApproved) -> bool:
    return not event.loan_id or any(loan.loan_id == event.loan_id for loan in borrower.loans)


def _are_points_wrong(event: OverrideApproved) -> bool:
    return event.kind == SCORE and not 0 < abs(event.points_micro) <= MOST_POINTS_MICRO


def _has_something_to_lift(borrower: Borrower, event: OverrideApproved) -> bool:
    overrides = borrower.decisions.overrides
    if event.kind == LIFT_UNLIKELY_TO_PAY:
        return any(known.kind == UNLIKELY_TO_PAY for known in overrides)
    if event.kind == UNFLAG and event.flags & FORBORNE:
        return borrower.decisions.forbearance.is_presumed
    if event.kind == UNFLAG:
        return any(known.kind == FLAG and known.flags & event.flags for known in overrides)
    return True


def weigh(borrower: Borrower, rules: Rules, as_of: int) -> None:
    """Judge measures and concessions, and set the flags that decisions set."""
    life_cycle.judge_sales(borrower, rules)
    forbearance.judge_measures(borrower, rules)
    forbearance.weigh(borrower, rules.policy.forbearance)
    _set_flags(borrower, as_of)
    set_dispute_flag(borrower)


def pass_day(borrower: Borrower, policy: StatePolicy, day: int) -> int:
    """End what has expired, at the close of the day; return the bits touched."""
    decisions = borrower.decisions
    for override in decisions.reviews_due(day):
        if override.until_day > borrower.counters.closed_day:
            named = f"{OVERRIDE_KINDS[override.kind]} {override.override_id}"
            borrower.news.append(AssessmentChange("REVIEW_DUE", None, named, None))
    ended = [
        override
        for override in decisions.overrides
        if 0 < override.until_day <= day and not override.is_tightening
    ]
    for override in ended:
        decisions.overrides.remove(override)
        named = f"{OVERRIDE_KINDS[override.kind]} {override.override_id}"
        borrower.news.append(AssessmentChange("EXPIRED", None, named, None))
    began = any(override.from_day == day for override in decisions.overrides)
    if ended or began:
        borrower.changed |= DECISIONS_PART
    _set_flags(borrower, day)
    if forbearance.pass_day(borrower, policy.forbearance, day):
        borrower.changed |= DECISIONS_PART
    if any(override.kind == TECHNICAL for override in [*ended, *decisions.overrides]):
        return touched.DECISIONS | touched.DUES
    return touched.DECISIONS


def _set_flags(borrower: Borrower, day: int) -> None:
    flags = 0
    for override in borrower.decisions.in_force(day):
        flags |= override.flags
    borrower.risk.flags = borrower.risk.flags & ~DECIDED_FLAGS | flags
