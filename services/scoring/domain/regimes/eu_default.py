"""Derives the European default of CRR 178 from the record of default.

Sources: CRR 178(1) (more than 90 consecutive days past due on a material obligation; unlikely to
pay) and 178(3) (the elements of unlikeliness to pay). Must stay true: it reads the record and
changes nothing; the clocks are in `life_cycle`.
"""

from typing import Final

from services.scoring.domain.borrower.decisions import UNLIKELY_TO_PAY, Decisions
from services.scoring.domain.borrower.default_record import (
    COUNTED_DAYS,
    INSOLVENCY,
    JOINT_DEBTORS,
    LOSS,
    RESTRUCTURED_AT_LOSS,
    SALE,
    UNLIKELY,
    DefaultRecord,
)

CURE: Final = "CURE"
NONE: Final = "NONE"
WORDS: Final = (
    (COUNTED_DAYS, "DPD_90"),
    (INSOLVENCY, "BANKRUPTCY"),
    (RESTRUCTURED_AT_LOSS, "DISTRESSED_RESTRUCTURING"),
    (JOINT_DEBTORS, "JOINT_DEBTORS"),
    (LOSS, "CREDIT_RISK_ADJUSTMENT"),
    (SALE, "SALE_AT_LOSS"),
)


def reason(record: DefaultRecord, decisions: Decisions, triggers: int, day: int) -> str:
    """Return why the obligor is in default, ``CURE`` while only the clock runs, else ``NONE``."""
    if not record.is_default_by_law:
        return NONE
    return "+".join(reasons(decisions, triggers, day)) or CURE


def reasons(decisions: Decisions, triggers: int, day: int) -> list[str]:
    """Return the triggers that are true now, in the words of CRR 178."""
    words = [word for cause, word in WORDS if triggers & cause]
    if triggers & UNLIKELY:
        named = [
            override.trigger
            for override in decisions.in_force(day)
            if override.kind == UNLIKELY_TO_PAY
        ]
        elements = {trigger or "OTHER" for trigger in named} or {"OTHER"}
        words += sorted(elements - set(words))
    return words
