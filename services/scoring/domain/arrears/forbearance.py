"""Runs the clocks of concessions to a borrower in difficulty: flag, probation, its end.

Called by `overrides` (weigh a concession, pass a day) and by `states` when DEFAULT or PROBATION is
left or entered. Sources: EBA/ITS/2013/03 on forbearance (2 years of probation after performing,
regular payments in at least half of it, nothing beyond 30 days at its end), EBA Q&A 2013_618 and
2014_886 (a new concession or more than 30 days past due in that probation makes an exposure that
was non-performing non-performing again), EBA/GL/2016/07 (1 % loss of present value).
"""

from bisect import insort

from services.scoring.domain.arrears.days_past_due import line_days, worst_days
from services.scoring.domain.borrower.borrower import (
    FACILITIES_PART,
    LOANS_PART,
    Borrower,
    Loan,
)
from services.scoring.domain.borrower.decisions import Decisions, Forbearance
from services.scoring.domain.borrower.risk import (
    CLOSED,
    DEFAULT,
    DISTRESSED_RESTRUCTURING,
    FORBORNE,
    FORBORNE_AGAIN,
    FORMERLY_NON_PERFORMING,
    PROBATION,
    SOLD_AT_LOSS,
    WATCH,
    RiskRecord,
)
from services.scoring.domain.primitives.dates import (
    first_day_of,
    is_month_end,
    month_of,
    plus_months,
)
from services.scoring.domain.rulebook.policy import ForbearanceRules
from services.scoring.domain.rulebook.rulebook import Rules


def grant(decisions: Decisions, day: int, grace_end_day: int, npv_loss_micro: int) -> None:
    """Note a concession that takes effect on the day; `weigh` judges it by the rules."""
    forbearance = decisions.forbearance
    forbearance.measure_day = max(day, forbearance.measure_day)
    forbearance.grace_end_day = max(grace_end_day, forbearance.grace_end_day)
    forbearance.npv_loss_micro = npv_loss_micro
    forbearance.is_weighed = False


def judge_measures(borrower: Borrower, rules: Rules) -> None:
    """Take the measures of the event as concessions where the borrower was in difficulty."""
    forbearance = borrower.decisions.forbearance
    for name, day in forbearance.measures:
        is_certain = is_in_difficulty(borrower, rules, name, day)
        if not is_certain and not WATCH <= borrower.risk.state < CLOSED:
            continue
        is_first = not forbearance.measure_day
        forbearance.is_presumed = not is_certain and (is_first or forbearance.is_presumed)
        grant(borrower.decisions, day, 0, 0)
        for loan in borrower.loans:
            if loan.loan_id == name and day not in loan.concession_days:
                insort(loan.concession_days, day)
        for line in borrower.facilities:
            for limit_raise in line.raises if line.facility_id == name else ():
                limit_raise.is_measure |= limit_raise.day == day
        borrower.changed |= LOANS_PART | FACILITIES_PART
    forbearance.measures = []


def rebut(borrower: Borrower) -> None:
    """Take back concessions that only the borrower's state made presume: two people decided so."""
    measure_day = borrower.decisions.forbearance.measure_day
    for loan in borrower.loans:
        loan.concession_days = [day for day in loan.concession_days if day != measure_day]
    for line in borrower.facilities:
        for limit_raise in line.raises:
            limit_raise.is_measure &= limit_raise.day != measure_day
    borrower.decisions.forbearance = Forbearance()
    borrower.risk.flags &= ~FORBORNE
    borrower.changed |= LOANS_PART | FACILITIES_PART


def is_in_difficulty(borrower: Borrower, rules: Rules, name: str, day: int) -> bool:
    """Return whether a loan or line was late, or the borrower non-performing, before a measure."""
    if borrower.decisions.default.is_non_performing:
        return True
    policy = rules.policy.forbearance
    first = day - policy.difficulty_window_days
    late = before = 0
    for loan in borrower.loans:
        if loan.loan_id == name:
            late = worst_days(loan, first, day, rules.tolerance)
            before = worst_days(loan, day - 1, day - 1, rules.tolerance)
    for line in borrower.facilities:
        if line.facility_id == name:
            late = before = line_days(line, day - 1, rules.tolerance)
    return late > policy.difficulty_days or before >= policy.late_days


def weigh(borrower: Borrower, rules: ForbearanceRules) -> None:
    """Set the flags that a new concession brings, and start the clocks that it starts."""
    forbearance, risk = borrower.decisions.forbearance, borrower.risk
    if forbearance.is_weighed:
        return
    forbearance.is_weighed = True
    was_forborne = bool(risk.flags & FORBORNE)
    risk.flags |= FORBORNE
    if risk.state in (PROBATION, DEFAULT):
        # Paper that comes after the arrears were paid shows that they were not.
        relapses = risk.state == PROBATION and (was_forborne or borrower.decisions.default.held)
        _mark_formerly(borrower.decisions, risk, forbearance.measure_day)
        forbearance.probation_day = 0
    else:
        relapses = was_forborne and bool(risk.flags & FORMERLY_NON_PERFORMING)
        begin_probation(borrower.decisions, forbearance.measure_day)
    if relapses:
        risk.flags |= FORBORNE_AGAIN
    if risk.state != DEFAULT and forbearance.npv_loss_micro >= rules.npv_loss_micro:
        risk.flags |= DISTRESSED_RESTRUCTURING


def begin_probation(decisions: Decisions, day: int) -> None:
    """Start the years in which a forborne borrower must perform."""
    forbearance = decisions.forbearance
    forbearance.probation_day = day
    forbearance.months_due = forbearance.months_paid = 0


def enter_default(decisions: Decisions, risk: RiskRecord, day: int) -> None:
    """Note that DEFAULT was entered: its causes are used up, and a cure starts from here."""
    decisions.default.defaulted_day = day
    decisions.forbearance.probation_day = 0
    risk.flags &= ~(DISTRESSED_RESTRUCTURING | FORBORNE_AGAIN | SOLD_AT_LOSS)
    if risk.flags & FORBORNE:
        _mark_formerly(decisions, risk, day)


def _mark_formerly(decisions: Decisions, risk: RiskRecord, day: int) -> None:
    """Note that a forborne borrower is or was non-performing."""
    if not risk.flags & FORMERLY_NON_PERFORMING:
        decisions.forbearance.formerly_day = day
    risk.flags |= FORMERLY_NON_PERFORMING


def cure_start(decisions: Decisions) -> int:
    """Return the latest of measure, default and end of grace: a forborne cure counts from it."""
    forbearance = decisions.forbearance
    return max(forbearance.measure_day, forbearance.grace_end_day, decisions.default.defaulted_day)


def pass_day(borrower: Borrower, rules: ForbearanceRules, day: int) -> bool:
    """Count a month of probation at its end, and end the probation that was passed.

    Returns whether something that is stored changed.
    """
    forbearance, risk = borrower.decisions.forbearance, borrower.risk
    if not risk.flags & FORBORNE or not forbearance.probation_day or risk.state >= PROBATION:
        return False
    is_counted = is_month_end(day) and day >= forbearance.probation_day
    if is_counted:
        _count_month(borrower, rules, day)
    if is_passed(borrower, rules, day):
        risk.flags &= ~(FORBORNE | FORMERLY_NON_PERFORMING)
        begin_probation(borrower.decisions, 0)
        forbearance.measure_day = forbearance.grace_end_day = 0
        return True
    return is_counted


def is_passed(borrower: Borrower, rules: ForbearanceRules, day: int) -> bool:
    """Return whether the probation is long enough, was paid through, and ends without arrears."""
    forbearance = borrower.decisions.forbearance
    if day < plus_months(forbearance.probation_day, rules.probation_months):
        return False
    paid = forbearance.months_paid * 1_000_000
    return (
        paid >= forbearance.months_due * rules.months_paid_micro
        and borrower.counters.operational_days <= rules.most_arrears_days
    )


def _count_month(borrower: Borrower, rules: ForbearanceRules, day: int) -> None:
    forbearance = borrower.decisions.forbearance
    first = max(first_day_of(month_of(day)), forbearance.probation_day)
    due = paid = 0
    for loan in borrower.loans:
        due += _due_between(loan, first, day)
        paid += _paid_between(loan, first, day)
    if due:
        forbearance.months_due += 1
        if paid > 0 and paid * 1_000_000 >= due * rules.significant_micro:
            forbearance.months_paid += 1


def _due_between(loan: Loan, first: int, last: int) -> int:
    total = 0
    for index, due_day in enumerate(loan.due_days):
        if first <= due_day <= last:
            total += loan.due_cum[index] - (loan.due_cum[index - 1] if index else 0)
    return total


def _paid_between(loan: Loan, first: int, last: int) -> int:
    return sum(
        amount
        for day, amount in zip(loan.paid_days, loan.paid_minor, strict=True)
        if first <= day <= last
    )
