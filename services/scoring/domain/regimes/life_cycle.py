"""Runs the life-cycle of default: what triggers it, what ends a trigger, when it is cured.

The state machine and all regimes go by the one record (`borrower.default_record`). Sources: CRR
178(1) and (3); EBA/GL/2016/07 paragraphs 71 to 73 (three months without a trigger; one year after a
distressed restructuring, from the latest of measure, default and end of grace; arrears extinguished
by a measure count until payments equal them); EBA/ITS/2013/03 on non-performing exposures.

Must stay true: a default is entered at once and cured at a day close only; it ends with payments,
with the end of its clock, with a correction of its ground or with two people's decision, and with
nothing else.
"""

from copy import copy
from typing import Final

from services.scoring.domain.arrears import exposure, extinction
from services.scoring.domain.arrears.counters import material_run
from services.scoring.domain.arrears.days_past_due import borrower_ages, past_due
from services.scoring.domain.arrears.forbearance import cure_start
from services.scoring.domain.borrower.borrower import (
    DECISIONS_PART,
    FACILITIES_PART,
    NOTHING_OPEN,
    Borrower,
    Loan,
)
from services.scoring.domain.borrower.decisions import Decisions
from services.scoring.domain.borrower.default_record import (
    COUNTED_DAYS,
    INSOLVENCY,
    JOINT_DEBTORS,
    LOSS,
    RELAPSED,
    RESTRUCTURED_AT_LOSS,
    SALE,
    UNLIKELY,
)
from services.scoring.domain.borrower.risk import (
    CLOSED,
    DEFAULT,
    DISTRESSED_RESTRUCTURING,
    FORBORNE,
    FORBORNE_AGAIN,
    FORMERLY_NON_PERFORMING,
    INSOLVENT,
    JOINT_MEMBERS_DEFAULT,
    PROBATION,
    SOLD_AT_LOSS,
    UTP,
    WATCH,
    WRITTEN_OFF,
)
from services.scoring.domain.primitives.dates import plus_months
from services.scoring.domain.regimes import china, facility_default, rbi
from services.scoring.domain.rulebook.rulebook import Rules

MOST_DAYS: Final = 90
MOST_DAYS_IF_FORMERLY_NON_PERFORMING: Final = 30
MONTHS_OF_CURE: Final = 3
MONTHS_IF_FORBORNE: Final = 12
BY_FLAG: Final = (
    (UTP, UNLIKELY),
    (INSOLVENT, INSOLVENCY),
    (DISTRESSED_RESTRUCTURING, RESTRUCTURED_AT_LOSS),
    (JOINT_MEMBERS_DEFAULT, JOINT_DEBTORS),
    (WRITTEN_OFF, LOSS),
    (SOLD_AT_LOSS, SALE),
    (FORBORNE_AGAIN, RELAPSED),
)
RELAPSING: Final = FORBORNE | FORMERLY_NON_PERFORMING
# Flags with which a record may begin; the others say nothing about a default.
FOLLOWED: Final = FORBORNE | sum(flag for flag, _ in BY_FLAG)


def triggers(borrower: Borrower) -> int:
    """Return the triggers of default that are true now, as causes."""
    counters, flags = borrower.counters, borrower.risk.flags
    causes = COUNTED_DAYS if counters.regulatory_days > MOST_DAYS else 0
    if borrower.risk.state < PROBATION:
        causes |= borrower.decisions.default.causes  # it has begun: by what a correction showed
    if not flags:
        return causes
    for flag, cause in BY_FLAG:
        if flags & flag:
            causes |= cause
    late = counters.arrears_days > MOST_DAYS_IF_FORMERLY_NON_PERFORMING
    if late and flags & RELAPSING == RELAPSING:
        causes |= RELAPSED
    return causes


def follow(
    borrower: Borrower,
    rules: Rules,
    day: int,
    *,
    is_close: bool = False,
    is_correction: bool = False,
    shows_days: bool = False,
) -> None:
    """Begin the default when there is a trigger; take back one that has lost its grounds.

    Args:
        borrower: Whom it is about.
        rules: The rules that apply.
        day: The day of the event.
        is_close: Whether a day closes.
        is_correction: Whether the event corrects another one, or is evidence about days before it.
        shows_days: Whether it shows how the days before it were, so that they may be counted again.
    """
    counters, record = borrower.counters, borrower.decisions.default
    facility_default.follow(borrower, rules, day, is_close=is_close, shows_days=shows_days)
    is_flagged = borrower.risk.flags & FOLLOWED
    if not (counters.regulatory_days > MOST_DAYS or is_flagged or record.tested_since) and (
        counters.counted_days < MOST_DAYS
    ):
        return
    before = copy(record)
    is_lost = is_correction and record.since > 0 and not _grounds_left(borrower)
    causes = triggers(borrower) if borrower.risk.state != CLOSED else 0
    if is_lost and borrower.decisions.forbearance.formerly_day >= record.since:
        causes &= ~RELAPSED
    if causes:
        record.begin(causes, day, counters.exposure_minor)
    elif is_lost or (shows_days and record.is_by_days_only and is_miscounted(borrower, rules)):
        _take_back(borrower)
    if is_correction:
        _take_back_clocks(borrower, rules, day)
    rbi.enter(borrower, day, is_close=is_close)
    china.enter(borrower, day)
    if is_close and record.tested_since:
        _leave(borrower, day)
    if before != record:
        borrower.changed |= DECISIONS_PART


def begin_missed(borrower: Borrower, rules: Rules, through: int, day: int) -> None:
    """Begin a default that would have begun by a day, had a wrong end or schedule not come.

    The right one may have ended the arrears after that day, so that nothing is counted any more.
    """
    record = borrower.decisions.default
    if borrower.risk.state == CLOSED or through > borrower.counters.closed_day:
        return
    if not record.since and material_run(borrower, through, rules) > MOST_DAYS:
        record.begin(COUNTED_DAYS, day, borrower.counters.exposure_minor)
    if borrower_ages(borrower, through, rules.tolerance).counted >= MOST_DAYS:
        record.npa_since = record.npa_since or day


def _leave(borrower: Borrower, day: int) -> None:
    """End at a day close what needs all arrears to be paid in cash."""
    record = borrower.decisions.default
    is_due_paid = is_all_paid(borrower, day)
    is_proven = not extinction.unproven(borrower, record.tested_since, day)
    if record.npa_since:
        rbi.leave(borrower, day, is_paid=is_due_paid and is_proven)
    if record.observed_since:
        china.leave(borrower, day, is_due_paid=is_due_paid, is_proven=is_proven)
    if record.non_cash_since and not is_held(borrower, day):
        record.non_cash_since, record.held = 0, []
    for line in borrower.facilities:
        if line.proven_minor >= 0 and not extinction.unproven_of_line(line, day):
            for limit_raise in line.raises:
                limit_raise.is_proven = True
            borrower.changed |= FACILITIES_PART


def is_all_paid(borrower: Borrower, day: int) -> bool:
    """Return whether nothing at all is unpaid."""
    if borrower.counters.counted_days > NOTHING_OPEN:
        return False
    return not exposure.total_past_due(borrower, day, with_disputed=True)


def is_held(borrower: Borrower, day: int) -> bool:
    """Return whether labels may not be better than before arrears were extinguished."""
    record = borrower.decisions.default
    if not record.held:
        return False
    if extinction.unproven(borrower, record.tested_since, day):
        return True
    owed = exposure.total_past_due(borrower, day)
    return exposure.total_past_due(borrower, day, with_disputed=True) > owed


def _grounds_left(borrower: Borrower) -> int:
    """Drop the causes of a default whose facts were taken back, and return those that are left."""
    record, flags = borrower.decisions.default, borrower.risk.flags
    if not has_loss(borrower):
        record.causes &= ~(LOSS | SALE)
    if not flags & FORBORNE:
        record.causes &= ~(RELAPSED | RESTRUCTURED_AT_LOSS)
    elif borrower.decisions.forbearance.formerly_day >= record.since:
        record.causes &= ~RELAPSED
    return record.causes


def _take_back(borrower: Borrower) -> None:
    """End a default that never was one, and what was marked because of it."""
    record, forbearance = borrower.decisions.default, borrower.decisions.forbearance
    if forbearance.formerly_day >= record.since:
        borrower.risk.flags &= ~FORMERLY_NON_PERFORMING
        forbearance.formerly_day = 0
    record.take_back()


def _take_back_clocks(borrower: Borrower, rules: Rules, day: int) -> None:
    """End the clocks of India and China that only began because of what never was."""
    record, flags = borrower.decisions.default, borrower.risk.flags
    if record.since or flags & (FORBORNE | WRITTEN_OFF):
        return
    if record.observed_since and not record.is_substandard:
        record.observed_since = record.observed_clear_since = 0
    if record.npa_since and _most_days(borrower, rules, record.npa_since, day) < MOST_DAYS:
        record.npa_since = 0


def _most_days(borrower: Borrower, rules: Rules, first: int, last: int) -> int:
    """Return the most days past due between two days, as the facts are known now.

    Days grow until a payment comes or a loan ends.
    """
    days = {first, last}
    for loan in borrower.loans:
        ends = [*loan.paid_days, *(end.day for end in loan.ends)]
        days.update(each - 1 for each in ends if first < each <= last)
    return max(borrower_ages(borrower, day, rules.tolerance).counted for day in days)


def has_loss(borrower: Borrower) -> bool:
    """Return whether a loan was lost, or sold at a loss or in default, since it was lent to."""
    first = borrower.decisions.default.reopened_day
    return any(end.is_loss and end.day > first for loan in borrower.loans for end in loan.ends)


def judge_sales(borrower: Borrower, rules: Rules) -> None:
    """Make a sale at a loss a trigger of default for what is left of the obligor."""
    record, risk = borrower.decisions.default, borrower.risk
    is_watched = WATCH <= risk.state < CLOSED
    for name, loss in record.sales:
        is_at_loss = loss > rules.policy.forbearance.sale_loss_micro or (loss < 0 and is_watched)
        for loan in borrower.loans:
            if loan.loan_id == name:
                _mark_sale(loan, is_loss=is_at_loss or record.since > 0)
        if is_at_loss and risk.state == DEFAULT:
            record.causes |= SALE
        elif is_at_loss and any(loan.closed_day is None for loan in borrower.loans):
            risk.flags |= SOLD_AT_LOSS
    record.sales = []


def _mark_sale(loan: Loan, *, is_loss: bool) -> None:
    for end in loan.ends:
        if end.reason == "SOLD":
            end.is_loss = is_loss


def is_miscounted(borrower: Borrower, rules: Rules) -> bool:
    """Return whether only days led into default that the corrected facts do not count.

    A technical past due situation is no default (EBA/GL/2016/07 paragraph 23). An excess from
    before the days of the line that are stored cannot be counted again.
    """
    record = borrower.decisions.default
    first = record.since - MOST_DAYS
    is_forgotten = any(
        line.excess_since and line.drawn.first_day > first for line in borrower.facilities
    )
    if is_forgotten:
        return False
    return material_run(borrower, record.since, rules) <= MOST_DAYS


def is_settled(borrower: Borrower, rules: Rules, day: int) -> bool:
    """Return whether what is past due is no reason for a default that has begun to go on.

    What is disputed counts, money of another currency counts in full, and what is past due is
    measured against no more exposure than there was when the default began.
    """
    record, currency = borrower.decisions.default, borrower.profile.reporting_currency
    if extinction.unproven(borrower, record.tested_since, day):
        return False
    owed = 0
    for loan in borrower.loans:
        unpaid = past_due(loan, day, with_disputed=True)
        if loan.currency == currency:
            owed += unpaid
        elif unpaid > rules.tolerance.minor(loan.currency, 0):
            return False
    for line in borrower.facilities:
        owed += exposure.line_past_due_on(borrower, line, day)
        if exposure.is_line_untested(borrower, line, rules, day):
            return False
    lent = min(exposure.total_exposure(borrower, day), record.exposure_minor)
    return not exposure.exceeds(borrower, rules, day, owed, lent)


def is_binding(rules: Rules) -> bool:
    """Return whether a label that the rulebook shows keeps the borrower in PROBATION."""
    return not {"eu", "npe", "ifrs9"}.isdisjoint(rules.counting.regimes)


def cure_periods(decisions: Decisions, flags: int, clear_since: int) -> list[tuple[int, int]]:
    """Return the periods, in months from a day, that must pass before the default is cured."""
    periods = [(MONTHS_OF_CURE, clear_since)]
    if flags & FORBORNE:
        periods.append((MONTHS_IF_FORBORNE, cure_start(decisions)))
    return periods


def cured_from(decisions: Decisions, flags: int, clear_since: int) -> int:
    """Return the first day on which a default without trigger is over."""
    periods = cure_periods(decisions, flags, clear_since)
    return max(plus_months(start, months) for months, start in periods)
