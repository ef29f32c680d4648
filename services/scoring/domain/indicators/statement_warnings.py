"""Statement figures that are a warning on their own, whatever the score (F-28 to F-30).

They are notes: the same lines score in F-05, F-06 and F-08. Entry rules of a rulebook read them,
and its overlays switch them off for firms that live by other measures (property, projects,
holdings, start-ups). All are formed on twelve months.
"""

from services.scoring.domain.borrower.borrower import Borrower, Loan
from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.from_statements import (
    measuring,
    ratio,
    statement_indicator,
    statements_as_evidence,
)
from services.scoring.domain.indicators.statement_results import (
    cash_for_service,
    principal_due,
    year_result,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.dates import plus_months
from services.scoring.domain.primitives.measurement import (
    Measurement,
    Reason,
    Unit,
    measured,
    micro_of,
    not_applicable,
)
from services.scoring.domain.primitives.vocabulary import BULLET, INTEREST_ONLY, TERM
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import STATEMENT, Rules
from services.scoring.domain.views.statements import (
    YEAR_MONTHS,
    CannotFormError,
    StatementFigures,
)

# A last instalment of more than this many times the one before it is a balloon.
BALLOON_TIMES = 2


@indicator(
    "F-28",
    "Cash does not cover the scheduled debt service",
    Theme(STATEMENT, "warning", "PROFIT_LEVERAGE").at(
        Classification("CAPACITY", "FINANCIAL", "APPROVAL")
    ),
    single(Unit.NUMBER, "debt service cover without revolving and balloon principal"),
    reads=touched.STATEMENTS | touched.PROFILE | touched.LOANS | touched.STATEMENT_AGE,
    evidence=statements_as_evidence,
)
def scheduled_service_cover(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-28: cash earned over interest and the instalments of term loans that fell due in the year.

    Principal of lines, of loans repaid all at once and of balloons is refinanced, not earned. What
    is due to other lenders is not known by kind, so only their interest counts.
    """

    def form(figures: StatementFigures) -> Measurement:
        end = figures.latest.period_end_day
        start = plus_months(end, -YEAR_MONTHS)
        principal = sum(_scheduled(loan, start, end) for loan in borrower.loans)
        service = figures.flow("interest_expense") + principal
        if service <= 0:
            return not_applicable()
        return measured(micro_of(ratio(cash_for_service(figures, 0), service)))

    return measuring(form)(borrower, as_of, rules)


def _scheduled(loan: Loan, start: int, end: int) -> int:
    """Return the principal that a term loan repays by instalments between two days."""
    if loan.loan_type != TERM or loan.repayment_type in (BULLET, INTEREST_ONLY):
        return 0
    days = loan.due_days
    if not days or (len(days) == 1 and not loan.pruned_due_minor):
        return 0
    return principal_due(loan, start, min(end, days[-1] - 1 if _has_balloon(loan) else days[-1]))


def _has_balloon(loan: Loan) -> bool:
    """Return whether the last instalment repays far more than the one before it."""
    days = loan.due_days
    if len(days) < 2:
        return False
    last = principal_due(loan, days[-2], days[-1])
    return last > BALLOON_TIMES * principal_due(loan, days[-2] - 1, days[-2])


@statement_indicator(
    "F-29",
    "Interest is not earned for two years",
    Theme(STATEMENT, "warning", "PROFIT_LEVERAGE").at(
        Classification("CAPACITY", "FINANCIAL", "APPROVAL")
    ),
    single(Unit.NUMBER, "EBIT over interest, the better of two years"),
)
def interest_cover_of_two_years(figures: StatementFigures) -> Measurement:
    """F-29: EBIT over interest in the better of two years; without net debt nothing presses."""
    debt = figures.balance("short_term_debt") + figures.balance("long_term_debt")
    if debt <= figures.balance("cash"):
        return not_applicable()
    interests = [figures.flow("interest_expense", years_back=back) for back in (0, 1)]
    if min(interests) <= 0:
        return not_applicable()
    covers = [
        ratio(figures.flow("ebit", years_back=back), interest)
        for back, interest in enumerate(interests)
    ]
    return measured(micro_of(max(covers)))


@statement_indicator(
    "F-30",
    "Own funds are gone, with a loss",
    Theme(STATEMENT, "warning", "PROFIT_LEVERAGE").at(
        Classification("FINANCE", "FINANCIAL", "MONITORING")
    ),
    single(Unit.RATIO, "equity over total assets in a year of loss"),
)
def equity_with_a_loss(figures: StatementFigures) -> Measurement:
    """F-30: equity over total assets, where the last twelve months ended in a loss."""
    result = year_result(figures, 0)
    if result is None:
        raise CannotFormError(Reason.MISSING_LINE)
    if result >= 0:
        return not_applicable()
    return measured(micro_of(ratio(figures.balance("equity"), figures.balance("total_assets"))))
