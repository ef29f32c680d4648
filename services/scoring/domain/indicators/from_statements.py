"""Shared by all statement indicators: which borrowers file statements, and what is evidence.

Small firms and people need not file statements, so without one, and without a day by which one is
due, the family does not apply to them; a larger firm whose statements never came is
applicable and unmeasured (domain reading 9).
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.indicators.declaration import Theme, indicator
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.measurement import (
    Measurement,
    Reason,
    micro_of,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.primitives.vocabulary import SME
from services.scoring.domain.rulebook.rulebook import Component, Measure, Rules
from services.scoring.domain.views.statements import (
    CannotFormError,
    StatementFigures,
    figures_of,
    stale_from,
)

Form = Callable[[StatementFigures], Measurement]

MOST_STATEMENTS_AS_EVIDENCE: Final = 3


def expects_statements(borrower: Borrower) -> bool:
    """Return whether this borrower files statements: it has, or must, or is large enough to."""
    return (
        bool(borrower.statements)
        or borrower.profile.segment >= SME
        or bool(borrower.credit_file.deadlines)
    )


def is_stale(borrower: Borrower, as_of: int, rules: Rules) -> bool:
    """Return whether the newest statement is too old to say anything."""
    age = rules.statement_age
    return age is not None and 0 < stale_from(borrower, age.stale_months) <= as_of


def measuring(form: Form) -> Measure:
    """Return an indicator's function from one that reads the statements and may give up."""

    def measure(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
        if not expects_statements(borrower):
            return not_applicable()
        try:
            figures = figures_of(borrower)
            if is_stale(borrower, as_of, rules):
                return unmeasurable(Reason.STALE_DATA)
            return form(figures)
        except CannotFormError as gap:
            return unmeasurable(gap.reason)

    return measure


def statements_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest statements, newest first."""
    newest = sorted(borrower.statements, key=lambda statement: -statement.period_end_day)
    return [statement.ref for statement in newest[:MOST_STATEMENTS_AS_EVIDENCE]]


def statement_indicator(
    indicator_id: str, name: str, theme: Theme, components: tuple[Component, ...]
) -> Callable[[Form], Form]:
    """Return a decorator that declares an indicator that reads statements and profile only."""

    def declare(form: Form) -> Form:
        indicator(
            indicator_id,
            name,
            theme,
            components,
            reads=touched.STATEMENTS | touched.PROFILE | touched.STATEMENT_AGE,
            evidence=statements_as_evidence,
        )(measuring(form))
        return form

    return declare


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


def attempt(form: Callable[[], Fraction]) -> int | None:
    """Return a figure in micro-units, or None where this component cannot be formed."""
    try:
        return micro_of(form())
    except CannotFormError:
        return None


def any_component(values: list[int | None], *, otherwise: Reason) -> list[int | None]:
    """Return the components if at least one could be formed.

    Raises:
        CannotFormError: If none could; nothing is then known, and nothing is not green.
    """
    if all(value is None for value in values):
        raise CannotFormError(otherwise)
    return values
