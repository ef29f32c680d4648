"""Derives the IFRS 9 stage of impairment from days past due, forbearance and default.

Sources: IFRS 9 5.5.3, 5.5.5, 5.5.11 (more than 30 days past due is presumed a significant increase
in credit risk) and B5.5.37 (90 days past due is presumed default); both presumptions are
rebuttable, so a stage that rests on days alone is marked as a backstop (domain reading 30).
"""

from typing import Final

STAGE_1: Final = "STAGE_1"
STAGE_2: Final = "STAGE_2"
STAGE_3: Final = "STAGE_3"
STAGES: Final = (STAGE_1, STAGE_2, STAGE_3)


def stage(days: int, *, is_in_default: bool, is_forborne: bool) -> str:
    """Return the stage; a default that is not cured yet is stage 3, a forborne claim stage 2."""
    if is_in_default or days >= 90:
        return STAGE_3
    return STAGE_2 if days > 30 or is_forborne else STAGE_1


def is_backstop(days: int, *, is_in_default: bool, is_forborne: bool) -> bool:
    """Return whether only the presumption by days past due leads to the stage."""
    by_days = stage(days, is_in_default=False, is_forborne=False)
    otherwise = stage(0, is_in_default=is_in_default, is_forborne=is_forborne)
    return by_days > otherwise
