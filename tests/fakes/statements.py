"""Build a borrower from statements in plain words: whole money units, ISO months."""

from datetime import date

from services.scoring.domain.borrower.borrower import Borrower, Profile, Statement
from services.scoring.domain.events.credit_file import StatementReceived
from services.scoring.domain.primitives.vocabulary import STATEMENT_BASES, STATEMENT_LINES
from tests.fakes.story import Story

SME = 2


def month_end(month: str) -> int:
    """Return the ordinal of the last day of a month such as ``2023-12``."""
    year, number = (int(part) for part in month.split("-"))
    following = date(year + number // 12, number % 12 + 1, 1)
    return following.toordinal() - 1


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
    unknown = set(lines) - set(STATEMENT_LINES)
    assert not unknown, unknown
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
        lines=[
            lines[name] * 100 if name in lines and name != "shares_outstanding" else lines.get(name)
            for name in STATEMENT_LINES
        ],
    )


def firm(*statements: Statement, segment: int = SME, industry: str = "46.7") -> Borrower:
    """Return a borrower that filed these statements in this order."""
    profile = Profile(
        known_day=1, segment=segment, reporting_currency="EUR", industry_code=industry
    )
    return Borrower("B-1", profile=profile, statements=list(statements))


def files(
    story: Story,
    month: str,
    months: int = 12,
    *,
    basis: str = "AUDITED",
    is_dated: bool = True,
    **lines: int,
) -> str:
    """File a statement today, due half a year after its period, with lines in whole units."""
    one = statement(month, months, **lines)
    return story.tell(
        StatementReceived(
            *story.head(),
            statement_id=one.statement_id,
            period_end_day=one.period_end_day,
            period_months=months,
            received_day=story.today,
            currency="EUR",
            basis=STATEMENT_BASES.index(basis),
            is_consolidated=False,
            accounting_standard=one.accounting_standard,
            contractual_due_day=one.period_end_day + 180 if is_dated else None,
            auditor_id=None,
            opinion=one.opinion,
            going_concern_doubt=False,
            auditor_changed=False,
            restates_statement_id=None,
            accounting_policy_changed=False,
            fiscal_year_changed=False,
            lines=one.lines,
        )
    )
