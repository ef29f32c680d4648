"""Derives the Chinese tier: five tiers by days overdue.

Sources: Measures for the Risk Classification of Financial Assets of Commercial Banks (2023), as
reported: overdue at all is at least special mention, more than 90 days substandard, 270 doubtful,
360 loss; card claims have bands of their own; a debtor of whose debt across banks more than 20 % is
over 90 days overdue is at least substandard everywhere; restructured claims stay under observation
at special mention or worse. Collateral is no excuse.
"""

from typing import Final

TIERS: Final = ("NORMAL", "SPECIAL_MENTION", "SUBSTANDARD", "DOUBTFUL", "LOSS")
NORMAL, SPECIAL_MENTION, SUBSTANDARD, DOUBTFUL, LOSS = range(5)
BANDS: Final = ((360, LOSS), (270, DOUBTFUL), (90, SUBSTANDARD), (0, SPECIAL_MENTION))
CARD_BANDS: Final = ((180, LOSS), (120, DOUBTFUL), (90, SUBSTANDARD), (0, SPECIAL_MENTION))
LATE_ELSEWHERE_MICRO: Final = 200_000


def tier_of(days: int, *, is_card: bool = False) -> int:
    """Return the best tier that the days overdue of one claim allow."""
    for more_than, tier in CARD_BANDS if is_card else BANDS:
        if days > more_than:
            return tier
    return NORMAL


def debtor_tier(tiers: list[int], *, is_forborne: bool, late_elsewhere_micro: int) -> int:
    """Return the debtor's tier: the worst claim, lifted by restructuring and by debt elsewhere."""
    worst = max(tiers, default=NORMAL)
    if is_forborne:
        worst = max(worst, SPECIAL_MENTION)
    if late_elsewhere_micro > LATE_ELSEWHERE_MICRO:
        worst = max(worst, SUBSTANDARD)
    return worst
