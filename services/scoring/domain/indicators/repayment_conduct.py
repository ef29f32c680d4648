"""Indicators of how a borrower and the bank deal with what is owed (R-10)."""

from typing import TYPE_CHECKING, Final

from services.scoring.domain.arrears_history import worst_days
from services.scoring.domain.business_days import plus_months
from services.scoring.domain.facts import Borrower
from services.scoring.domain.indicators.declaration import (
    DUES,
    LOANS,
    PAYMENTS,
    REPAYMENT,
    SCAR_DAY,
    Arm,
    Indicator,
)
from services.scoring.domain.indicators.from_statements import FLAG_RED
from services.scoring.domain.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured_arms,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.vocabulary import TERM

if TYPE_CHECKING:
    from services.scoring.domain.rulebook import Rules

CONCESSION_MONTHS: Final = 24
ARREARS_WINDOW_DAYS: Final = 90
ARREARS_DAYS: Final = 30


def concessions(borrower: Borrower, as_of: int, rules: "Rules") -> Measurement:
    """R-10: concessions of 24 calendar months; and one of them beside more than 30 days past due.

    A concession counts from the day on which it is known, also where it takes effect later. The
    second figure is red where there is a concession and a loan was more than 30 operational days
    past due on any of the last 90 days. A new concession in probation leads back to default by a
    state rule, not by this figure: it needs the state, which is no fact.
    """
    termed = [loan for loan in borrower.loans if loan.loan_type == TERM]
    if not termed:
        return not_applicable()
    if not any(loan.due_days for loan in termed):
        return unmeasurable(Reason.NO_SCHEDULE)
    first = plus_months(as_of, -CONCESSION_MONTHS)
    days = [day for loan in borrower.loans for day in loan.concession_days if day > first]
    if not days:
        return measured_arms([0, 0])
    start = as_of - ARREARS_WINDOW_DAYS + 1
    late = max(worst_days(loan, start, as_of, rules.tolerance) for loan in borrower.loans)
    return measured_arms([len(days) * MICRO, FLAG_RED if late > ARREARS_DAYS else 0])


def concessions_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the schedules in force of the loans with concessions."""
    return [loan.schedule_ref for loan in borrower.loans if loan.concession_days][:5]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="R-10",
        name="Concessions granted",
        family=REPAYMENT,
        group="forb",
        risk_type="FORBEARANCE",
        arms=(
            Arm("count", Unit.COUNT, "concessions in 24 months"),
            Arm("arrears", Unit.FLAG, "a concession and more than 30 days past due"),
        ),
        inputs=LOANS | PAYMENTS | DUES | SCAR_DAY,
        measure=concessions,
        evidence=concessions_as_evidence,
    ),
)
