"""Indicators of whether the bank itself looks: reviews and limits (C-06), inspections (C-07)."""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.handlers.credit_file import overdue_since, worst_found
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Unit,
    measured,
    measured_arms,
    not_applicable,
)
from services.scoring.domain.rulebook.rulebook import (
    COLLATERAL_GROUP,
    Arm,
    Indicator,
    Rules,
    one_arm,
)
from services.scoring.domain.views import credit_file

MOST_REFS: Final = 5


def review_overdue(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-06: days since the earliest review or limit of an open loan or line ran out."""
    days = credit_file.review_days(borrower)
    if not days:
        return not_applicable()
    return measured(max(0, as_of - min(days)) * MICRO)


def inspections(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-07: days that the next inspection is overdue, and the worst thing found (0 to 4).

    An inspection's own outcome stands until the next one; a finding until it is settled.
    """
    file = borrower.credit_file
    if not file.inspected_day and not file.findings:
        return not_applicable()
    due = overdue_since(file)
    overdue = None if due is None else max(0, as_of - due) * MICRO
    return measured_arms([overdue, worst_found(file) * MICRO])


def findings_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the open findings, worst first, and the newest inspection."""
    file = borrower.credit_file
    rows = sorted((-one.severity, -one.day, one.finding_id, one.ref) for one in file.findings)
    refs = [row[3] for row in rows[:MOST_REFS]]
    return [*refs, file.inspection_ref] if file.inspection_ref else refs


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="C-06",
        name="Review or limit ran out",
        family=COLLATERAL_GROUP,
        group="info",
        risk_type="INFORMATION",
        arms=one_arm(Unit.DAYS, "days since a review or a limit ran out"),
        inputs=touched.LOANS | touched.FACILITIES | touched.DAY,
        measure=review_overdue,
    ),
    Indicator(
        id="C-07",
        name="Inspection overdue or worrying",
        family=COLLATERAL_GROUP,
        group="info",
        risk_type="INFORMATION",
        arms=(
            Arm("overdue", Unit.DAYS, "days that an inspection is overdue"),
            Arm("severity", Unit.COUNT, "worst thing found, 0 to 4"),
        ),
        inputs=touched.INSPECTIONS | touched.FILE_DAY,
        measure=inspections,
        evidence=findings_as_evidence,
    ),
)
