"""Regulatory labels, computed in parallel and shown on the card; they never drive the state.

Sources: IFRS 9 5.5.11 and B5.5.37 (30 and 90 day presumptions, rebuttable), CRR 178 with
EBA/GL/2016/07 (more than 90 consecutive days of material arrears), RBI's special mention accounts
(day-end count that includes the due date), China's 2023 five-tier measures (days overdue).
"""

from typing import Final

from services.scoring.domain.risk import (
    DEFAULT,
    DISTRESSED_RESTRUCTURING,
    INSOLVENT,
    PROBATION,
    UTP,
)

UNLIKELY_TO_PAY: Final = UTP | INSOLVENT | DISTRESSED_RESTRUCTURING


def ifrs9_stage(arrears_days: int, is_eu_default: bool) -> str:
    """Return the stage from days past due alone; the backstops are rebuttable."""
    if is_eu_default or arrears_days >= 90:
        return "STAGE_3"
    return "STAGE_2" if arrears_days > 30 else "STAGE_1"


def eu_default(regulatory_days: int, flags: int, state: int) -> bool:
    """Return whether the obligor is in default: 90 days, unlikely to pay, or not yet cured."""
    return regulatory_days > 90 or bool(flags & UNLIKELY_TO_PAY) or state in (DEFAULT, PROBATION)


def rbi_class(arrears_days: int, has_past_due: bool) -> str:
    """Return the Indian class: day-end counting includes the due date (domain 4.4 rule 5)."""
    if arrears_days <= 0 and not has_past_due:
        return "STANDARD"
    days = arrears_days + 1
    for last_day, label in ((30, "SMA-0"), (60, "SMA-1"), (90, "SMA-2")):
        if days <= last_day:
            return label
    return "NPA"


def china_tier(arrears_days: int) -> str:
    """Return the lowest of the five tiers that the days overdue allow."""
    for more_than, label in (
        (360, "LOSS"),
        (270, "DOUBTFUL"),
        (90, "SUBSTANDARD"),
        (0, "SPECIAL_MENTION"),
    ):
        if arrears_days > more_than:
            return label
    return "NORMAL"
