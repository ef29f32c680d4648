"""Take another advised limit of a line into the facts. Called by `fold`."""

from services.scoring.domain.arrears import facility_use
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.events.accounts import LimitChanged
from services.scoring.domain.handlers.account_flows import facility_of
from services.scoring.domain.primitives import touched


def change_limit(borrower: Borrower, event: LimitChanged) -> int:
    """Advise another limit of a line; an excess may begin or end with it."""
    facility = facility_of(borrower, event.facility_id, event.currency)
    facility_use.change_limit(
        facility, event.effective_day, event.limit_minor, event.power_minor, event.until
    )
    borrower.line_view = None
    facts = touched.FACILITIES | touched.DUES
    if event.effective_day < borrower.counters.month_start:
        facts |= touched.MONTHS
    return facts | touched.PAST if event.effective_day <= borrower.counters.closed_day else facts
