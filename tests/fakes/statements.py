"""Build a borrower from statements in plain words: whole money units, ISO months."""

from datetime import date

from services.scoring.domain.borrower.borrower import Borrower, Profile, Statement
from tests.fakes.event_defaults import statement_lines
from tests.fakes.units import month_end

SME = 2


def statement(
    month: str,
    months: int = 12,
    *,
    due: str | None = None,
    received_after_days: int = 60,
    standard: str = "HGB",
    opinion: int = 1,
    **lines: int,
) -> Statement:
    """Return a statement with the given lines in whole units; lines left out are missing."""
    end = month_end(month)
    return Statement(
        statement_id=f"{month}/{months}",
        ref=f"core#{month}/{months}",
        period_end_day=end,
        period_months=months,
        received_day=end + received_after_days,
        due_day=date.fromisoformat(due).toordinal() if due else None,
        basis=1,
        is_consolidated=False,
        accounting_standard=standard,
        auditor_id=None,
        opinion=opinion,
        going_concern_doubt=False,
        auditor_changed=False,
        policy_changed=False,
        year_changed=False,
        lines=statement_lines(**lines),
    )


def firm(*statements: Statement, segment: int = SME, industry: str = "46.7") -> Borrower:
    """Return a borrower that filed these statements in this order."""
    profile = Profile(
        known_day=1, segment=segment, reporting_currency="EUR", industry_code=industry
    )
    return Borrower("B-1", profile=profile, statements=list(statements))
