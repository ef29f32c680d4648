"""Books a borrower's reference data on the first day: the customer, its loans, schedules and line.

Loans that ran before the run are booked in their state at its start, with the schedule still to
come, as after a migration of a core banking system.
"""

from datetime import date

from lab.simulator.accounts import Accounts, CreditLine
from lab.simulator.days import Day
from lab.simulator.event_log import EventLog
from lab.simulator.events import CONTRACTS, CUSTOMERS, Fields, money
from lab.simulator.profile import SimulatedProfile
from lab.simulator.schedules import Terms

EARLY = 4 * 3600


def introduce(
    profile: SimulatedProfile, loans: list[Terms], accounts: Accounts, event_log: EventLog, day: Day
) -> None:
    """Register the borrower and book its loans, schedules and line."""
    register(profile, event_log, day, account_ids=[accounts.account_id], second=EARLY)
    for position, loan in enumerate(loans):
        _book(profile, loan, event_log, day, second=EARLY + 60 * (position + 1))
    if accounts.line is not None:
        _book_line(profile, accounts.line, event_log, day)


def register(
    profile: SimulatedProfile, event_log: EventLog, day: Day, *, account_ids: list[str], second: int
) -> None:
    """Register the borrower."""
    since = date.fromordinal(day.ordinal - profile.customer_since_years * 365)
    data: Fields = {
        "segment": profile.segment,
        "reporting_currency": profile.currency,
        "country": "DE",
        "legal_form": profile.legal_form,
        "start_date": since.isoformat(),
        "status": "ACTIVE",
        "rating": profile.rating,
        "origination_pd": profile.origination_pd,
        "officer_id": profile.officer_id,
        "branch_id": profile.branch_id,
        "account_ids": account_ids,
    }
    if profile.industry_code is not None:
        # Registers and rulebooks write the division without the letter of the section.
        data["industry_code"] = profile.industry_code[1:]
    event_log.book("borrower.registered.v1", data, day=day, second=second, source=CUSTOMERS)


def _book(
    profile: SimulatedProfile, loan: Terms, event_log: EventLog, day: Day, *, second: int
) -> None:
    event_log.book(
        "loan.booked.v1",
        {
            "loan_id": loan.loan_id,
            "type": "TERM",
            "currency": profile.currency,
            "principal": money(loan.principal),
            "start_date": date.fromordinal(loan.start).isoformat(),
            "maturity_date": date.fromordinal(loan.maturity).isoformat(),
            "repayment_type": loan.repayment_type,
            "rate": f"{loan.rate:.4f}",
            "origination_officer_id": profile.officer_id,
            "collection_officer_id": f"collections-{profile.branch_id[-1]}",
        },
        day=day,
        second=second,
        source=CONTRACTS,
    )
    event_log.book(
        "schedule.published.v1",
        {
            "loan_id": loan.loan_id,
            "schedule_version": 1,
            "currency": profile.currency,
            "instalments": [
                {
                    "instalment_no": item.no,
                    "due_date": date.fromordinal(item.due).isoformat(),
                    "due_principal": money(item.principal),
                    "due_interest": money(item.interest),
                    "due_fees": money(0),
                }
                for item in loan.instalments
            ],
        },
        day=day,
        second=second + 1,
        source=CONTRACTS,
    )


def _book_line(profile: SimulatedProfile, line: CreditLine, event_log: EventLog, day: Day) -> None:
    event_log.book(
        "loan.booked.v1",
        {
            "loan_id": line.loan_id,
            "facility_id": line.facility_id,
            "type": "REVOLVING",
            "currency": profile.currency,
            "principal": money(0),
            "limit_amount": money(line.limit_minor),
            "start_date": day.iso,
            "rate": "0.0680",
            "origination_officer_id": profile.officer_id,
        },
        day=day,
        second=EARLY + 600,
        source=CONTRACTS,
    )
