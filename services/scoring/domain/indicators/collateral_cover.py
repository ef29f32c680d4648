"""Indicators of what secures the loans (C-01, C-02, C-03).

Only the loans that collateral names are compared with it: a bank that lends without security knows
that it does. A borrower without collateral has no collateral indicators.
"""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.credit_file import Collateral
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured_arms,
    micro_ratio,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.primitives.vocabulary import CASH_COLLATERAL, REAL_ESTATE
from services.scoring.domain.rulebook.rulebook import (
    COLLATERAL_GROUP,
    Arm,
    Indicator,
    Measure,
    Rules,
)
from services.scoring.domain.views import credit_file

FLAG_NO: Final = 0
FLAG_RED: Final = 2 * MICRO
MOST_REFS: Final = 5


def cover(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-01: collateral after haircuts over what it secures, and loan to value against its limit.

    Nothing owed needs no cover. Loan to value is compared only where every piece has a limit.
    """
    pieces = borrower.credit_file.collateral
    if not pieces:
        return not_applicable()
    if credit_file.has_foreign_collateral(borrower):
        return unmeasurable(Reason.NOT_COMPARABLE)
    owed = credit_file.secured_exposure(borrower, as_of)
    if owed is None:
        return unmeasurable(Reason.NO_EXPOSURE)
    if owed == 0:
        return not_applicable()
    covered = micro_ratio(credit_file.lendable(pieces), owed)
    limit = credit_file.agreed_limit(pieces)
    if limit is None:
        return measured_arms([covered, None], gap=Reason.NO_LIMIT)
    value = sum(one.value_minor for one in pieces)
    return measured_arms([covered, micro_ratio(owed, value) - limit])


def valuation_age(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-02: months since the oldest valuation, homes apart from all other collateral.

    Cash needs no valuer and is left out.
    """
    pieces = [one for one in borrower.credit_file.collateral if one.kind != CASH_COLLATERAL]
    if not pieces:
        return not_applicable()
    ages: list[int | None] = [None, None]
    for one in pieces:
        arm = 1 if _is_home(one) else 0
        age = credit_file.months_since(one.valued_day, as_of)
        known = ages[arm]
        ages[arm] = age if known is None else max(known, age)
    return measured_arms(ages)


def _is_home(piece: Collateral) -> bool:
    return piece.kind == REAL_ESTATE and piece.is_residential


def documents(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-03: days until the first of registration, insurance and permits runs out; double pledge.

    A negative figure counts the days since. A day that nobody stated cannot be watched.
    """
    pieces = borrower.credit_file.collateral
    if not pieces:
        return not_applicable()
    ends = [day for one in pieces for day in _ends(one) if day]
    pledged = FLAG_RED if any(one.is_double_pledged for one in pieces) else FLAG_NO
    if not ends:
        if not pledged:
            return unmeasurable(Reason.NO_DATA)
        return measured_arms([None, pledged], gap=Reason.NO_DATA)
    return measured_arms([(min(ends) - as_of) * MICRO, pledged])


def _ends(piece: Collateral) -> tuple[int, int, int]:
    return piece.registered_until, piece.insured_until, piece.permitted_until


def collateral_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the valuations, newest first."""
    newest = sorted(borrower.credit_file.collateral, key=_newest_first)
    return [one.ref for one in newest[:MOST_REFS]]


def _newest_first(piece: Collateral) -> tuple[int, str]:
    return -piece.valued_day, piece.collateral_id


def _declare(
    indicator_id: str, name: str, arms: tuple[Arm, ...], measure: Measure, more_inputs: int = 0
) -> Indicator:
    return Indicator(
        id=indicator_id,
        name=name,
        family=COLLATERAL_GROUP,
        group="coll",
        risk_type="COLLATERAL",
        arms=arms,
        inputs=touched.COLLATERAL | touched.FILE_DAY | touched.PROFILE | more_inputs,
        measure=measure,
        evidence=collateral_as_evidence,
    )


INDICATORS: Final[tuple[Indicator, ...]] = (
    _declare(
        "C-01",
        "Collateral covers too little",
        (
            Arm("cover", Unit.NUMBER, "collateral after haircuts, times what it secures"),
            Arm("over_limit", Unit.POINTS, "loan to value less the limit agreed"),
        ),
        cover,
        touched.LOANS | touched.PAYMENTS | touched.FACILITIES,
    ),
    _declare(
        "C-02",
        "Valuation is old",
        (
            Arm("months", Unit.MONTHS, "months since the oldest valuation, homes left out"),
            Arm("months_homes", Unit.MONTHS, "months since the oldest valuation of a home"),
        ),
        valuation_age,
    ),
    _declare(
        "C-03",
        "Cover documents run out",
        (
            Arm("days_left", Unit.DAYS, "days until registration, insurance or permit ends"),
            Arm("double_pledge", Unit.FLAG, "pledged to somebody else as well"),
        ),
        documents,
    ),
)
