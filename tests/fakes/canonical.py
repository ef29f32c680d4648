"""Canonical events as senders write them, with one thing changed where a test needs it."""

import json
from typing import Any, cast

import msgspec

from services.contracts.registry import EVENT_TYPES
from services.contracts.strict_json import read_json
from services.contracts.validation import ValidEvent, validate


def repayment(
    event_id: str = "PAY-1", *, borrower: str | None = "B-1", **data: Any
) -> dict[str, Any]:
    """Return a repayment of 100.00 on loan L-1."""
    return event(
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
    """Return a receipt of 250.00 on an account whose borrower the sender does not know."""
    return event(
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


def borrower(
    borrower_id: str = "B-1", *, accounts: list[str], event_id: str = ""
) -> dict[str, Any]:
    """Return a borrower with its accounts."""
    return event(
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


def event(
    event_type: str, event_id: str, *, borrower: str | None, data: dict[str, Any]
) -> dict[str, Any]:
    """Return an event of any type."""
    found: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": "core/demo",
        "type": event_type,
        "time": "2026-03-31T17:05:00Z",
        "data": data,
    }
    if borrower is not None:
        found["subject"] = borrower
    return found


def written(document: Any) -> bytes:
    """Return a document as the bytes that a sender sends."""
    return json.dumps(document).encode()


def lines(*documents: Any) -> bytes:
    """Return documents one a line."""
    return b"\n".join(
        document if isinstance(document, bytes) else written(document) for document in documents
    )


def validated(raw: bytes) -> ValidEvent:
    """Returns the event in some bytes, as ingest validates it."""
    return validate(cast(dict[str, Any], read_json(raw)))


def undeclared_fields(raw: bytes) -> list[str]:
    """Returns the fields of an event's data that its type does not have."""
    document = json.loads(raw)
    members = msgspec.structs.fields(EVENT_TYPES[document["type"]].data)
    return sorted(document["data"].keys() - {member.encode_name for member in members})
