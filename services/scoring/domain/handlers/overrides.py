"""Take decisions of people and the end of loans into the facts; let what has expired end.

Called by `fold`: one function per event type, `weigh` after an event that touched decisions, and
`pass_day` at each day close of a borrower about whom something was decided. Must stay true: one
person never decides alone, every refusal is said with its reason, and nothing ends but at a day
close (invariants 7 and 12).
"""

from collections.abc import Callable
from typing import Any, Final

from services.scoring.domain.arrears import forbearance
from services.scoring.domain.borrower.borrower import (
    DECISIONS_PART,
    LOANS_PART,
    Borrower,
    Change,
    event_ref,
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
    FRAUD_RED_FLAG,
    HIGH_RISK,
    NORMAL,
    PROBATION,
    TECHNICAL_PAST_DUE,
    UTP,
    WATCH,
)
from services.scoring.domain.events.credit_file import OverrideApproved
from services.scoring.domain.events.event import Event
from services.scoring.domain.events.loans import ClaimDisputed, LoanClosed
from services.scoring.domain.handlers import disputes
from services.scoring.domain.handlers.repayments import loan_of
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import OVERRIDE_KINDS, REVERSAL_OF
from services.scoring.domain.regimes import eu_default
from services.scoring.domain.rulebook.policy import StatePolicy

# Flags that stand exactly as long as a decision that sets them.
DECIDED_FLAGS: Final = UTP | FRAUD_RED_FLAG | EXIT_LIST | TECHNICAL_PAST_DUE
FLAGS_BY_HAND: Final = FRAUD_RED_FLAG | EXIT_LIST
NEEDS_EXPIRY: Final = frozenset({TIGHTEN, RELAX, EXCEPTION, SCORE, TECHNICAL})
# What a decision for each kind of state may name, and from which state one step leads there.
TIGHTENS_TO: Final = frozenset({ATTENTION, WATCH, HIGH_RISK})
LEFT_FOR: Final = {NORMAL: (ATTENTION,), ATTENTION: (WATCH,), WATCH: (HIGH_RISK, PROBATION)}
MOST_POINTS_MICRO: Final = 150_000


def decide(borrower: Borrower, event: OverrideApproved) -> int:
    """Take in a decision, or say why it does not count; return what it touched."""
    refused = refusal_of(borrower, event)
    named = f"{OVERRIDE_KINDS[event.kind]} {event.override_id}"
    if refused:
        borrower.news.append(Change("REFUSED", None, named, refused))
        return touched.DECISIONS
    borrower.news.append(Change("DECIDED", None, named, event.reason))
    overrides = borrower.decisions.overrides
    if event.kind == LIFT_UNLIKELY_TO_PAY:
        ended = [one for one in overrides if one.kind == UNLIKELY_TO_PAY]
    elif event.kind == UNFLAG:
        ended = [one for one in overrides if one.kind == FLAG and one.flags & event.flags]
    else:
        ended = [one for one in overrides if one.override_id == event.override_id]
        overrides.append(_override(event))
    for one in ended:
        overrides.remove(one)
    if event.kind != TECHNICAL:
        return touched.DECISIONS
    disputes.exclude_technical(borrower, event)
    return touched.DECISIONS | touched.PAYMENTS | touched.PAST


def _override(event: OverrideApproved) -> Override:
    flags = {UNLIKELY_TO_PAY: UTP, TECHNICAL: TECHNICAL_PAST_DUE}.get(event.kind, event.flags)
    return Override(
        override_id=event.override_id,
        ref=event_ref(event.source, event.id),
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
    """Return who approved and did not propose; empty where nobody did."""
    return next((one for one in event.approved_by if one != event.proposed_by), "")


def refusal_of(borrower: Borrower, event: OverrideApproved) -> str:
    """Return why a decision does not count, as a code; empty when it does."""
    checks = (
        ("one_person", not second_person(event)),
        ("no_expiry", event.kind in NEEDS_EXPIRY and event.expires_day is None),
        ("no_time_left", event.expires_day is not None and _is_over(borrower, event)),
        ("state_not_possible", not _names_a_state(borrower.risk.state, event)),
        ("no_such_loan", not _knows_the_loan(borrower, event)),
        ("points_out_of_range", _points_are_wrong(event)),
        ("no_such_flag", event.kind in (FLAG, UNFLAG) and not event.flags & FLAGS_BY_HAND),
        ("nothing_to_lift", not _has_what_it_lifts(borrower, event)),
    )
    return next((code for code, stands in checks if stands), "")


def _is_over(borrower: Borrower, event: OverrideApproved) -> bool:
    """Return whether nothing is left; the same decision may be sent again to end it today."""
    assert event.expires_day is not None
    known = any(one.override_id == event.override_id for one in borrower.decisions.overrides)
    if known:
        return False
    return event.expires_day <= max(event.effective_day, event.day)


def _names_a_state(state: int, event: OverrideApproved) -> bool:
    if event.kind == TIGHTEN:
        return event.state in TIGHTENS_TO
    if event.kind == RELAX:
        return state in LEFT_FOR.get(event.state, ())
    if event.kind == EXCEPTION:
        return state in LEFT_FOR.get(event.state, ()) and state != PROBATION
    return True


def _knows_the_loan(borrower: Borrower, event: OverrideApproved) -> bool:
    return not event.loan_id or any(loan.loan_id == event.loan_id for loan in borrower.loans)


def _points_are_wrong(event: OverrideApproved) -> bool:
    return event.kind == SCORE and not 0 < abs(event.points_micro) <= MOST_POINTS_MICRO


def _has_what_it_lifts(borrower: Borrower, event: OverrideApproved) -> bool:
    overrides = borrower.decisions.overrides
    if event.kind == LIFT_UNLIKELY_TO_PAY:
        return any(one.kind == UNLIKELY_TO_PAY for one in overrides)
    if event.kind == UNFLAG:
        return any(one.kind == FLAG and one.flags & event.flags for one in overrides)
    return True


def close_loan(borrower: Borrower, event: LoanClosed) -> int:
    """Note that a loan ended; from then on it owes nothing. A reversal takes the end back."""
    loan = loan_of(borrower, event.loan_id, borrower.profile.reporting_currency)
    if event.correction_kind == REVERSAL_OF:
        loan.closed_day, loan.closed_reason = None, ""
        return touched.LOANS | touched.PAST
    loan.closed_day, loan.closed_reason = event.closed_day, event.reason
    if event.reason == "WRITTEN_OFF":
        # A write-off is a credit risk adjustment of the obligor: CRR 178(3)(b).
        eu_default.begin(borrower.decisions, event.closed_day)
        borrower.changed |= DECISIONS_PART
    return (
        touched.LOANS | touched.PAST
        if event.closed_day <= borrower.counters.closed_day
        else touched.LOANS
    )


def weigh(borrower: Borrower, policy: StatePolicy, as_of: int) -> None:
    """Judge a new concession, and set the flags that decisions set."""
    forbearance.weigh(borrower, policy.forbearance)
    _set_flags(borrower, as_of)
    disputes.set_flag(borrower, borrower.risk)


def pass_day(borrower: Borrower, policy: StatePolicy, day: int) -> int:
    """Let what has expired end, at the close of the day; return what that touched."""
    decisions = borrower.decisions
    ended = [one for one in decisions.overrides if 0 < one.until_day <= day]
    for one in ended:
        decisions.overrides.remove(one)
        named = f"{OVERRIDE_KINDS[one.kind]} {one.override_id}"
        borrower.news.append(Change("EXPIRED", None, named, None))
    began = any(one.from_day == day for one in decisions.overrides)
    if ended or began:
        borrower.changed |= DECISIONS_PART
    _set_flags(borrower, day)
    if forbearance.pass_day(borrower, policy.forbearance, day):
        borrower.changed |= DECISIONS_PART
    if any(one.kind == TECHNICAL for one in [*ended, *decisions.overrides]):
        return touched.DECISIONS | touched.DUES
    return touched.DECISIONS


def _set_flags(borrower: Borrower, day: int) -> None:
    flags = 0
    for one in borrower.decisions.in_force(day):
        flags |= one.flags
    borrower.risk.flags = borrower.risk.flags & ~DECIDED_FLAGS | flags


# Any: each function takes its own event type, and the table is keyed by exactly that type.
TAKE: Final[dict[type[Event], Callable[[Borrower, Any], int]]] = {
    OverrideApproved: decide,
    LoanClosed: close_loan,
    ClaimDisputed: disputes.dispute,
}
PARTS: Final[dict[type[Event], int]] = {
    OverrideApproved: DECISIONS_PART,
    LoanClosed: LOANS_PART,
    ClaimDisputed: LOANS_PART,
}
TYPE_NAMES: Final[dict[type[Event], str]] = {
    OverrideApproved: "override.approved.v1",
    LoanClosed: "loan.closed.v1",
    ClaimDisputed: "claim.disputed.v1",
}
