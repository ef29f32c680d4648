"""What all statement indicators share: who has statements at all, and what counts as evidence.

Small firms and people are not asked for statements, so without one, and without a day by which one
was asked for, the family does not apply to them; a larger firm whose statements never came is
applicable and unmeasured (domain reading 9).
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.indicators.composite_models import micro_of
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.primitives.vocabulary import SME
from services.scoring.domain.rulebook.rulebook import STATEMENT, Arm, Indicator, Measure, Rules
from services.scoring.domain.views.statements import CannotFormError, StatementFigures, figures_of

Form = Callable[[StatementFigures], Measurement]

FLAG_AMBER: Final = MICRO
FLAG_RED: Final = 2 * MICRO
MOST_STATEMENTS_AS_EVIDENCE: Final = 3


def expects_statements(borrower: Borrower) -> bool:
    """Return whether this borrower files statements: it has, or must, or is large enough to."""
    return (
        bool(borrower.statements)
        or borrower.profile.segment >= SME
        or bool(borrower.credit_file.deadlines)
    )


def measuring(form: Form) -> Measure:
    """Return an indicator's function from one that reads the statements and may give up."""

    def measure(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
        if not expects_statements(borrower):
            return not_applicable()
        try:
            return form(figures_of(borrower))
        except CannotFormError as gap:
            return unmeasurable(gap.reason)

    return measure


def statements_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest statements, newest first."""
    newest = sorted(borrower.statements, key=lambda one: -one.period_end_day)
    return [statement.ref for statement in newest[:MOST_STATEMENTS_AS_EVIDENCE]]


def declare(
    indicator_id: str, name: str, group: str, risk_type: str, arms: tuple[Arm, ...], form: Form
) -> Indicator:
    """Return the declaration of a statement indicator that reads statements and profile only."""
    return Indicator(
        id=indicator_id,
        name=name,
        family=STATEMENT,
        group=group,
        risk_type=risk_type,
        arms=arms,
        inputs=touched.STATEMENTS | touched.PROFILE,
        measure=measuring(form),
        evidence=statements_as_evidence,
    )


def ratio(numerator: int, denominator: int) -> Fraction:
    """Return an exact ratio.

    Raises:
        CannotFormError: If the base is zero.
    """
    if denominator == 0:
        raise CannotFormError(Reason.ZERO_BASE)
    return Fraction(numerator, denominator)


def growth(now: int, before: int) -> Fraction:
    """Return now / before - 1.

    Raises:
        CannotFormError: If the base is zero or negative: growth from there means nothing.
    """
    if before <= 0:
        raise CannotFormError(Reason.ZERO_BASE if before == 0 else Reason.NEGATIVE_BASE)
    return Fraction(now, before) - 1


def micro(value: Fraction) -> int:
    """Return an exact ratio in micro-units."""
    return micro_of(value)


def attempt(form: Callable[[], Fraction]) -> int | None:
    """Return a figure in micro-units, or None where this arm cannot be formed."""
    try:
        return micro_of(form())
    except CannotFormError:
        return None


def any_arm(values: list[int | None], *, otherwise: Reason) -> list[int | None]:
    """Return the arms if at least one could be formed.

    Raises:
        CannotFormError: If none could; nothing is then known, and nothing is not green.
    """
    if all(value is None for value in values):
        raise CannotFormError(otherwise)
    return values
