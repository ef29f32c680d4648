"""The events of the simulated core bank, one per fact, with canonical types and fields.

A `SimulatedEvent` is small and plain because a long run makes millions of them; `canonical.py` and
`dialect.py` encode it. Invariants: ids are unique inside a source and depend on the borrower and
its own count alone, so one borrower's story never changes another's ids; tuples compare in booking
order.
"""

from typing import Any, NamedTuple, TypeAlias

# JSON: the value's shape is the schema's business, and a test validates every one against it.
Fields: TypeAlias = dict[str, Any]

CUSTOMERS = "core/customers"
CONTRACTS = "core/contracts"
REPAYMENTS = "core/repayments"
ACCOUNTS = "core/accounts"
STATEMENTS = "core/statements"
CALENDAR = "core/calendar"


class SimulatedEvent(NamedTuple):
    """One event as its source booked it."""

    second: int
    """Second of the local booking day; with the next two the order inside a day."""
    borrower_no: int
    no: int
    type: str
    source: str
    id: str
    subject: str
    time: str
    data: Fields
    corrects_id: str | None = None


def money(minor: int) -> str:
    """Return an amount in minor units of a two-decimal currency as a decimal string."""
    sign = "-" if minor < 0 else ""
    minor = abs(minor)
    return f"{sign}{minor // 100}.{minor % 100:02d}"
