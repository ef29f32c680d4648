"""Canonical events of small borrowers, as bytes, for tests of scoring's shell."""

import json
from datetime import date, timedelta
from typing import Any

START = date(2026, 1, 5)


def event(
    kind: str, borrower_id: str, event_id: str, /, *, day: int, hour: int = 9, **data: Any
) -> bytes:
    """Return an event booked on the n-th day after `START`."""
    moment = f"{START + timedelta(days=day)}T{hour:02d}:00:00Z"
    document = {
        "specversion": "1.0",
        "id": event_id,
        "source": "core/test",
        "type": f"{kind}.v1",
        "subject": borrower_id,
        "time": moment,
        "data": data,
    }
    return json.dumps(document, sort_keys=True).encode()


def registered(
    borrower_id: str, *, day: int = 0, officer_id: str = "officer-1", **profile: str
) -> bytes:
    """Return the registration of a borrower."""
    return event(
        "borrower.registered",
        borrower_id,
        f"{borrower_id}-registered",
        day=day,
        segment="SME",
        reporting_currency="EUR",
        country="DE",
        officer_id=officer_id,
        branch_id="branch-1",
        **profile,
    )


def holidays(*days: int, number: int, day: int) -> bytes:
    """Return the n-th publication of calendar DE: these days after `START` are off."""
    return event(
        "calendar.published",
        "*",
        f"calendar-{number}",
        day=day,
        calendar="DE",
        from_date=str(START),
        to_date=str(START + timedelta(days=400)),
        holidays=[str(START + timedelta(days=one)) for one in days],
    )


def rates(number: int, *, day: int, usd: str) -> bytes:
    """Return the n-th publication of what a dollar is worth in euros."""
    return event(
        "fx.published",
        "*",
        f"fx-{number}",
        day=day,
        rate_date=str(START + timedelta(days=day)),
        base_currency="EUR",
        rates=[{"currency": "USD", "rate": usd}],
    )


def stress(number: int, *, day: int, z: str, measured: int) -> bytes:
    """Return the n-th publication of how stressed builders are, measured on another day."""
    return event(
        "sector-stress.published",
        "*",
        f"sector-stress-{number}",
        day=day,
        measured_date=str(START + timedelta(days=measured)),
        sectors=[{"industry_code": "41", "z": z}],
    )


def booked(borrower_id: str, *, day: int = 0, **terms: Any) -> bytes:
    """Return a loan of the borrower."""
    return event(
        "loan.booked",
        borrower_id,
        f"{borrower_id}-loan",
        day=day,
        **{
            "loan_id": f"{borrower_id}-L",
            "type": "TERM",
            "currency": "EUR",
            "principal": "12000.00",
            "start_date": str(START + timedelta(days=day)),
            **terms,
        },
    )


def scheduled(
    borrower_id: str, *, day: int = 0, instalments: int = 6, currency: str = "EUR"
) -> bytes:
    """Return a schedule of instalments of 1000.00, one every 20 days from day 5."""
    return event(
        "schedule.published",
        borrower_id,
        f"{borrower_id}-schedule",
        day=day,
        loan_id=f"{borrower_id}-L",
        schedule_version=1,
        currency=currency,
        instalments=[
            {
                "instalment_no": number + 1,
                "due_date": str(START + timedelta(days=5 + 20 * number)),
                "due_principal": "950.00",
                "due_interest": "50.00",
                "due_fees": "0.00",
            }
            for number in range(instalments)
        ],
    )


def paid(borrower_id: str, number: int, *, day: int, amount: str = "1000.00") -> bytes:
    """Return a repayment."""
    return event(
        "repayment.posted",
        borrower_id,
        f"{borrower_id}-paid-{number}",
        day=day,
        hour=10,
        loan_id=f"{borrower_id}-L",
        paid_amount=amount,
        currency="EUR",
        value_date=str(START + timedelta(days=day)),
        channel="DEBIT",
    )


def failed(borrower_id: str, number: int, *, day: int) -> bytes:
    """Return a collection that failed for lack of funds."""
    return event(
        "repayment.failed",
        borrower_id,
        f"{borrower_id}-failed-{number}",
        day=day,
        hour=11,
        loan_id=f"{borrower_id}-L",
        amount="1000.00",
        currency="EUR",
        value_date=str(START + timedelta(days=day)),
        failure_reason="INSUFFICIENT_FUNDS",
    )


def closed(day: int) -> bytes:
    """Return the close of a day."""
    closed_date = START + timedelta(days=day)
    return event(
        "day.closed",
        "*",
        f"day-closed:{closed_date}",
        day=day,
        hour=22,
        closed_date=str(closed_date),
    )
