"""F-05: does the cash a firm earns cover its debt service?

The only statement indicator that also reads the loans: what fell due on them is part of the service
(domain reading 24). Must stay true: a missing cash-flow line makes the cover unmeasurable, because
taking it as zero would flatter it.
"""

from bisect import bisect_right
from fractions import Fraction
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower, Loan
from services.scoring.domain.indicators.from_statements import (
    expects_statements,
    micro,
    ratio,
    statements_as_evidence,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.dates import plus_months
from services.scoring.domain.primitives.measurement import (
    Measurement,
    Reason,
    Unit,
    measured_arms,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.rulebook.rulebook import STATEMENT, Arm, Indicator, Rules
from services.scoring.domain.views.statements import (
    YEAR_MONTHS,
    CannotFormError,
    StatementFigures,
    figures_of,
)

QUARTER_MONTHS: Final = 3


def debt_service_cover(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-05: cash earned over interest and principal that fell due in the same twelve months."""
    if not expects_statements(borrower):
        return not_applicable()
    try:
        figures = figures_of(borrower)
        service = figures.flow("interest_expense") + _principal_due(borrower, figures, 0)
        if service <= 0:
            return not_applicable()
        cover = ratio(_cash_for_service(figures, 0), service)
    except CannotFormError as gap:
        return unmeasurable(gap.reason)
    return measured_arms([micro(cover), _fall_in_two_quarters(borrower, figures, cover)])


def _cash_for_service(figures: StatementFigures, back: int) -> int:
    """Return EBITDA less cash tax and capex that nobody else paid for."""
    unfunded = max(
        0,
        _needed(figures, "capex", back)
        - _needed(figures, "debt_raised", back)
        - _needed(figures, "equity_raised", back),
    )
    tax = figures.flow_or_none("cash_tax_paid", months_back=back)
    if tax is None:
        tax = _needed(figures, "tax_expense", back)
    earned = _needed(figures, "ebit", back) + _needed(figures, "depreciation_amortisation", back)
    return earned - tax - unfunded


def _needed(figures: StatementFigures, line: str, back: int) -> int:
    found = figures.flow_or_none(line, months_back=back)
    if found is None:
        raise CannotFormError(Reason.MISSING_LINE if back == 0 else Reason.NO_PRIOR_STATEMENT)
    return found


def _principal_due(borrower: Borrower, figures: StatementFigures, back: int) -> int:
    """Return what fell due on our loans in the twelve months and at other lenders.

    The firm's short-term debt of a year before is what had to be repaid since then; it includes our
    instalments, so the larger of the two is the whole (domain reading 24).
    """
    before = figures.balance_or_none("short_term_debt", months_back=back + YEAR_MONTHS)
    if before is None:
        raise CannotFormError(Reason.NO_PRIOR_STATEMENT)
    end = plus_months(figures.latest.period_end_day, -back)
    start = plus_months(end, -YEAR_MONTHS)
    return max(before, sum(principal_due(loan, start, end) for loan in borrower.loans))


def principal_due(loan: Loan, after: int, until: int) -> int:
    """Return the principal of the instalments due after one day and until another."""
    first, last = bisect_right(loan.due_days, after), bisect_right(loan.due_days, until)
    if last == 0:
        return 0
    whole = _part(loan.due_cum, first, last)
    return whole - _part(loan.interest_cum, first, last) - _part(loan.fees_cum, first, last)


def _part(cumulated: list[int], first: int, last: int) -> int:
    return cumulated[last - 1] - (cumulated[first - 1] if first else 0)


def _fall_in_two_quarters(
    borrower: Borrower, figures: StatementFigures, cover: Fraction
) -> int | None:
    back = 2 * QUARTER_MONTHS
    try:
        service = _needed(figures, "interest_expense", back) + _principal_due(
            borrower, figures, back
        )
        before = ratio(_cash_for_service(figures, back), service)
    except CannotFormError:
        return None
    return micro(before - cover)


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="F-05",
        name="Cash does not cover debt service",
        family=STATEMENT,
        group="cover",
        risk_type="PROFIT_LEVERAGE",
        arms=(
            Arm("cover", Unit.NUMBER, "debt service cover"),
            Arm("fall", Unit.NUMBER, "fall of the cover in two quarters"),
        ),
        inputs=touched.STATEMENTS | touched.PROFILE | touched.LOANS,
        measure=debt_service_cover,
        evidence=statements_as_evidence,
    ),
)
