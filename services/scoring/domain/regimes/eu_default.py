"""Decides the European default of CRR 178: 90 days of material arrears or unlikely to pay.

Sources: CRR 178(1) (more than 90 consecutive days past due on a material obligation; unlikely to
pay), 178(3) (the elements of unlikeliness to pay), EBA/GL/2016/07 paragraphs 71 and 72 (three
months without a trigger; one year after a distressed restructuring, from the latest of measure,
default and end of grace).

The label has its own clock: a house with another cure pack for its internal state still shows the
European label. Must stay true: it is entered at once and left at a day close only.
"""

from typing import Final

from services.scoring.domain.arrears.forbearance import cure_start
from services.scoring.domain.borrower.decisions import UNLIKELY_TO_PAY, Decisions
from services.scoring.domain.borrower.risk import (
    DISTRESSED_RESTRUCTURING,
    FORBORNE,
    FORBORNE_AGAIN,
    INSOLVENT,
    UTP,
)
from services.scoring.domain.primitives.dates import plus_months

MOST_DAYS: Final = 90
MONTHS_OF_CURE: Final = 3
MONTHS_IF_FORBORNE: Final = 12
DPD_90: Final = "DPD_90"
CURE: Final = "CURE"
NONE: Final = "NONE"


def triggers(decisions: Decisions, flags: int, regulatory_days: int, day: int) -> list[str]:
    """Return what makes the obligor default now, in the words of CRR 178(3)."""
    reasons = []
    if regulatory_days > MOST_DAYS:
        reasons.append(DPD_90)
    if flags & UTP:
        named = [
            override.trigger
            for override in decisions.in_force(day)
            if override.kind == UNLIKELY_TO_PAY
        ]
        reasons += sorted({trigger or "OTHER" for trigger in named} or {"OTHER"})
    if flags & INSOLVENT and "BANKRUPTCY" not in reasons:
        reasons.append("BANKRUPTCY")
    if flags & (DISTRESSED_RESTRUCTURING | FORBORNE_AGAIN):
        reasons.append("DISTRESSED_RESTRUCTURING")
    return reasons


def begin(decisions: Decisions, day: int) -> None:
    """Note a default from the day on; one that lasts goes on, and a cure starts over."""
    decisions.eu_since = decisions.eu_since or day
    decisions.eu_clear_since = 0


def follow(decisions: Decisions, flags: int, regulatory_days: int, day: int) -> bool:
    """Enter default when there is a trigger; return whether anything changed."""
    reasons = triggers(decisions, flags, regulatory_days, day)
    if not reasons:
        return False
    before = decisions.eu_since, decisions.eu_clear_since
    if not decisions.eu_since:
        decisions.eu_by_days = reasons == [DPD_90]
    elif reasons != [DPD_90]:
        decisions.eu_by_days = False
    begin(decisions, day)
    return before != (decisions.eu_since, decisions.eu_clear_since)


def close_day(decisions: Decisions, flags: int, regulatory_days: int, day: int) -> bool:
    """Enter default, run its cure, or end it at a day close; return whether anything changed."""
    if follow(decisions, flags, regulatory_days, day):
        return True
    if not decisions.eu_since or triggers(decisions, flags, regulatory_days, day):
        return False
    if regulatory_days > 0:
        changed, decisions.eu_clear_since = decisions.eu_clear_since != 0, 0
        return changed
    if not decisions.eu_clear_since:
        decisions.eu_clear_since = day
        return True
    if day < cured_from(decisions, flags):
        return False
    decisions.eu_since = decisions.eu_clear_since = 0
    decisions.eu_by_days = False
    return True


def cured_from(decisions: Decisions, flags: int) -> int:
    """Return the first day on which a default without trigger is over."""
    ends = plus_months(decisions.eu_clear_since, MONTHS_OF_CURE)
    if flags & FORBORNE:
        ends = max(ends, plus_months(cure_start(decisions), MONTHS_IF_FORBORNE))
    return ends


def corrected(decisions: Decisions, flags: int, regulatory_days: int, day: int) -> bool:
    """Take back a default that only miscounted days had made; return whether it was one.

    A technical past due situation is no default (EBA/GL/2016/07 paragraph 23).
    """
    if not decisions.eu_by_days or triggers(decisions, flags, regulatory_days, day):
        return False
    decisions.eu_since = decisions.eu_clear_since = 0
    decisions.eu_by_days = False
    return True


def shown(decisions: Decisions, flags: int, regulatory_days: int, day: int) -> str:
    """Return why the obligor is in default, ``CURE`` while only the clock runs, else ``NONE``."""
    reasons = triggers(decisions, flags, regulatory_days, day)
    if reasons:
        return "+".join(reasons)
    return CURE if decisions.eu_since else NONE
