"""Where an indicator belongs, so that lists and reports can group by it.

Declared with the indicator (`indicators/declaration.py`) and shown on its reference page.
"""

from dataclasses import dataclass
from typing import Final

FACTORS: Final = ("CAPACITY", "WILLINGNESS", "RECORD", "PERFORMANCE", "FINANCE")
TRIGGERS: Final = ("PAYMENT", "FINANCIAL", "CONDUCT")
STAGES: Final = ("APPLICATION", "APPROVAL", "DISBURSEMENT", "MONITORING", "COLLECTION")


@dataclass(frozen=True, slots=True)
class Classification:
    """Where an indicator belongs.

    Args:
        factor: What of the borrower it measures, one of ``FACTORS``.
        trigger: PAYMENT (something is overdue), FINANCIAL (figures get worse) or CONDUCT (a rule or
            a promise is broken).
        stage: The stage of the credit process whose weakness it shows, one of ``STAGES``.
        positive: What a good figure says, empty where a good figure says nothing.
    """

    factor: str
    trigger: str
    stage: str
    positive: str = ""


UNCLASSIFIED: Final = Classification("", "", "")
