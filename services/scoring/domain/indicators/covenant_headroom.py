"""F-18: how far the certified figures are from their limits, and whether certificates come.

A covenant is the earliest trigger that the contract itself gives; its certificate comes long before
the statement that explains it.
"""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.credit_file import Covenant
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured_arms,
    not_applicable,
)
from services.scoring.domain.rulebook.rulebook import STATEMENT, Arm, Indicator, Rules
from services.scoring.domain.views import credit_file

FLAG_RED: Final = 2 * MICRO
MOST_REFS: Final = 5


def covenant_headroom(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-18: the least headroom over all covenants, days a certificate is late, a waiver asked for.

    Without a stated due date and before a second test nobody knows when a certificate is due.
    """
    covenants = borrower.credit_file.covenants
    if not covenants:
        return not_applicable()
    rooms = [room for one in covenants if (room := credit_file.headroom(one)) is not None]
    dues = [due for one in covenants if (due := credit_file.certificate_due(one)) is not None]
    late = max(0, as_of - min(dues)) * MICRO if dues else None
    waiver = FLAG_RED if any(one.is_waiver_asked for one in covenants) else 0
    gap = Reason.NONE if rooms else Reason.ZERO_BASE
    return measured_arms([min(rooms) if rooms else None, late, waiver], gap=gap)


def covenants_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the certificates, the one with the least headroom first."""
    tightest = sorted(borrower.credit_file.covenants, key=_tightest_first)
    return [one.ref for one in tightest[:MOST_REFS]]


def _tightest_first(covenant: Covenant) -> tuple[int, str]:
    room = credit_file.headroom(covenant)
    return MICRO if room is None else room, covenant.covenant_id


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="F-18",
        name="Covenant headroom",
        family=STATEMENT,
        group="cov",
        risk_type="COVENANT",
        arms=(
            Arm("headroom", Unit.RATIO, "distance to the nearest covenant limit"),
            Arm("late", Unit.DAYS, "days that a certificate is late"),
            Arm("waiver", Unit.FLAG, "waiver asked for"),
        ),
        inputs=touched.COVENANTS | touched.FILE_DAY,
        measure=covenant_headroom,
        evidence=covenants_as_evidence,
    ),
)
