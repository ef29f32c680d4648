"""Events as senders write them: the builder of canonical events in the tests.

`cloud_event` builds any event as a document, with a moment and a source of its own where a test
needs them. Three documents that ingest's tests change in one place follow; then events as bytes, of
small borrowers whose days are counted from `START`. `story` builds domain events instead.
"""

import json
from datetime import date, timedelta
from typing import Any, cast

import msgspec

from services.contracts.registry import EVENT_TYPES
from services.contracts.strict_json import read_json
from services.contracts.validation import ValidEvent, validate

START = date(2026, 1, 5)
MOMENT = "2026-03-31T17:05:00Z"


def cloud_event(
    event_type: str,
    event_id: str,
    *,
    borrower: str | None,
    data: dict[str, Any],
    time: str = MOMENT,
    source: str = "core/demo",
) -> dict[str, Any]:
    """Return an event of any type."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": event_type,
        "time": time,
        "data": data,
    }
    if borrower is not None:
        document["subject"] = borrower
    return document


def repayment(
    event_id: str = "PAY-1", *, borrower: str | None = "B-1", **data: Any
) -> dict[str, Any]:
    """Return a repayment of 100.00 on loan L-1."""
    return cloud_event(
        "repayment.posted.v1",
        event_id,
        borrower=borrower,
        data={
            "loan_id": "L-1",
            "paid_amount": "100.00",
            "currency": "EUR",
            "value_date": "2026-03-31",
            "channel": "DEBIT",
            **data,
        },
    )


def flow(
    event_id: str = "TX-1", *, account: str = "AC-1", borrower: str | None = None, **data: Any
) -> dict[str, Any]:
    """Return a receipt of 250.00 on an account whose borrower the event does not name."""
    return cloud_event(
        "account.transacted.v1",
        event_id,
        borrower=borrower,
        data={
            "account_id": account,
            "direction": "CREDIT",
            "amount": "250.00",
            "currency": "EUR",
            "category": "CUSTOMER_RECEIPT",
            "value_date": "2026-03-31",
            "channel": "TRANSFER",
            **data,
        },
    )


def registration(
    borrower_id: str = "B-1", *, accounts: list[str], event_id: str = ""
) -> dict[str, Any]:
    """Return the registration of a borrower with its accounts."""
    return cloud_event(
        "borrower.registered.v1",
        event_id or f"reg-{borrower_id}",
        borrower=borrower_id,
        data={
            "segment": "SME",
            "reporting_currency": "EUR",
            "country": "DE",
            "account_ids": accounts,
        },
    )


def written(document: Any) -> bytes:
    """Return a document as the bytes that a sender sends."""
    return json.dumps(document).encode()


def lines(*documents: Any) -> bytes:
    """Return documents one a line."""
    return b"\n".join(
        document if isinstance(document, bytes) else written(document) for document in documents
    )


def event(
    kind: str, borrower_id: str, event_id: str, /, *, day: int, hour: int = 9, **data: Any
) -> bytes:
    """Return an event booked on the n-th day after `START`, as bytes."""
    document = cloud_event(
        f"{kind}.v1",
        event_id,
        borrower=borrower_id,
        data=data,
        time=f"{START + timedelta(days=day)}T{hour:02d}:00:00Z",
        source="core/test",
    )
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
        **{
            "segment": "SME",
            "reporting_currency": "EUR",
            "country": "DE",
            "officer_id": officer_id,
            "branch_id": "branch-1",
            **profile,
        },
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
        holidays=[str(START + timedelta(days=number)) for number in days],
    )


def rates(number: int, *, day: int, usd: str) -> bytes:
    """Return the n-th publication of the value of a dollar in euros."""
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


def withdrawn(closed_day: int, *, day: int) -> bytes:
    """Return the withdrawal of the close of a day."""
    closed_date = START + timedelta(days=closed_day)
    return event(
        "day-close.withdrawn",
        "*",
        f"day-close-withdrawn:{closed_date}",
        day=day,
        hour=12,
        closed_date=str(closed_date),
        closed_source="core/test",
        closed_id=f"day-closed:{closed_date}",
        proposed_by="ana",
        approved_by="ben",
    )


def validated(raw: bytes) -> ValidEvent:
    """Returns the event in some bytes, as ingest validates it."""
    return validate(cast(dict[str, Any], read_json(raw)))


def undeclared_fields(raw: bytes) -> list[str]:
    """Returns the fields of an event's data that its type does not have."""
    document = json.loads(raw)
    members = msgspec.structs.fields(EVENT_TYPES[document["type"]].data)
    return sorted(document["data"].keys() - {member.encode_name for member in members})
