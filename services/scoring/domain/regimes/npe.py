"""Derives the non-performing exposure of the supervisor's reports from the record of default.

Sources: EBA/ITS/2013/03 and Regulation (EU) 2021/451 annex V paragraphs 213 to 239: more than 90
days past due and material, unlikely to pay, in default or impaired; a forborne exposure that was
non-performing, more than 30 days past due or forborne again in its probation. It explains a DEFAULT
that the European default label does not share.
"""

from typing import Final

from services.scoring.domain.borrower.decisions import Decisions
from services.scoring.domain.borrower.default_record import OTHER_RULE, RELAPSED, DefaultRecord
from services.scoring.domain.regimes import eu_default

FORBORNE_RELAPSE: Final = "FORBORNE_RELAPSE"
OTHER: Final = "OTHER"


def reason(record: DefaultRecord, decisions: Decisions, triggers: int, day: int) -> str:
    """Return why the exposure is non-performing, ``CURE`` while only the clock runs."""
    if not record.since:
        return eu_default.NONE
    words = eu_default.reasons(decisions, triggers, day)
    if triggers & RELAPSED:
        words.append(FORBORNE_RELAPSE)
    if triggers & OTHER_RULE:
        words.append(OTHER)
    return "+".join(words) or eu_default.CURE
