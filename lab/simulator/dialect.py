"""Encodes simulated events in the made-up core bank's own format for the raw topics.

Other field names, minor units, local dates and codes: what the mappings in
`services/ingest/mappings` translate back (its README is the reference). Invariant: mapping a raw
record gives the canonical event it was made from, with the same source and id.
"""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from lab.simulator.days import BANK_TIMEZONE
from lab.simulator.dialect_codes import (
    BOOKING_CODES,
    CHANNEL_CODES,
    COUNTERPARTY_CODES,
    LINE_CODES,
    PAYMENT_CODES,
    REJECTION_CODES,
    RETURN_CODES,
)
from lab.simulator.events import Fields, SimulatedEvent

REPAYMENTS_TOPIC = "raw.repayments"
ACCOUNT_FLOWS_TOPIC = "raw.account-flows"
STATEMENTS_TOPIC = "raw.statements"

_ENCODER = msgspec.json.Encoder()
_ZONE = ZoneInfo(BANK_TIMEZONE)


def topic_of(event: SimulatedEvent) -> str | None:
    """Return the raw topic that carries an event; none for reference data."""
    route = _ROUTES.get(event.type)
    return route[0] if route else None


def record(event: SimulatedEvent) -> Fields:
    """Return an event in the bank's own format.

    Raises:
        KeyError: If no raw topic carries such an event.
    """
    _, translate = _ROUTES[event.type]
    fields = translate(event)
    fields["ref"] = event.id
    fields["book_dt"], fields["book_tm"] = _local(event.time)
    return fields


def encode(event: SimulatedEvent) -> bytes:
    """Return the bytes of a raw record."""
    return _ENCODER.encode(record(event))


def _minor(amount: str) -> int:
    return int(amount.replace(".", ""))


def _date(iso: str) -> str:
    return f"{iso[8:10]}.{iso[5:7]}.{iso[:4]}"


def _local(time: str) -> tuple[str, str]:
    local = datetime.fromisoformat(time).astimezone(_ZONE)
    return local.strftime("%d.%m.%Y"), local.strftime("%H:%M:%S")


def _payment(event: SimulatedEvent) -> Fields:
    data = event.data
    fields: Fields = {
        "evt": "PAY",
        "cust_no": event.subject,
        "contract_no": data["loan_id"],
        "inst_no": data["instalment_no"],
        "amt": _minor(data["paid_amount"]),
        "prin": _minor(data["paid_principal"]),
        "intr": _minor(data["paid_interest"]),
        "os_prin": _minor(data["outstanding_principal"]),
        "ccy": data["currency"],
        "val_dt": _date(data["value_date"]),
        "pay_kind": PAYMENT_CODES[data["channel"]],
        "payer_acct": data["payer_account_id"],
    }
    if data.get("technical_flag"):
        fields["tech"] = "Y"
    return fields


def _rejection(event: SimulatedEvent) -> Fields:
    data = event.data
    return {
        "evt": "REJ",
        "cust_no": event.subject,
        "contract_no": data["loan_id"],
        "inst_no": data["instalment_no"],
        "amt": _minor(data["amount"]),
        "ccy": data["currency"],
        "val_dt": _date(data["value_date"]),
        "rej_cd": REJECTION_CODES[data["failure_reason"]],
        "try_no": data["attempt_no"],
        "pay_kind": PAYMENT_CODES[data["channel"]],
    }


def _reversal(event: SimulatedEvent) -> Fields:
    data = event.data
    return {
        "evt": "REV",
        "cust_no": event.subject,
        "contract_no": data["loan_id"],
        "amt": _minor(data["paid_amount"]),
        "ccy": data["currency"],
        "val_dt": _date(data["value_date"]),
        "rev_cd": data["reason"][0],
        "orig_ref": event.corrects_id,
    }


def _booking(event: SimulatedEvent) -> Fields:
    data = event.data
    fields: Fields = {
        "evt": "TXN",
        "acct_no": data["account_id"],
        "dc": data["direction"][0],
        "amt": _minor(data["amount"]),
        "ccy": data["currency"],
        "bk_cd": BOOKING_CODES[data["category"]],
        "chan": CHANNEL_CODES[data["channel"]],
        "val_dt": _date(data["value_date"]),
        "cpty": data["counterparty_id"],
        "cpty_kind": COUNTERPARTY_CODES[data["counterparty_type"]],
        "bal_after": _minor(data["balance_after"]),
    }
    if "expected_cycle_key" in data:
        fields["cycle"] = data["expected_cycle_key"]
    return fields


def _balance(event: SimulatedEvent) -> Fields:
    data = event.data
    return {
        "evt": "EOD",
        "acct_no": data["account_id"],
        "bal_dt": _date(data["balance_date"]),
        "bal": _minor(data["eod_balance"]),
        "avail": _minor(data["available_balance"]),
        "ccy": data["currency"],
    }


def _return(event: SimulatedEvent) -> Fields:
    data = event.data
    return {
        "evt": "RET",
        "acct_no": data["account_id"],
        "amt": _minor(data["amount"]),
        "ccy": data["currency"],
        "val_dt": _date(data["value_date"]),
        "ret_cd": RETURN_CODES[data["return_reason"]],
        "outg": "Y" if data["is_outgoing"] else "N",
    }


def _line(event: SimulatedEvent) -> Fields:
    data = event.data
    fields: Fields = {
        "evt": "LIM",
        "acct_no": data["account_id"],
        "fac_no": data["facility_id"],
        "contract_no": data["loan_id"],
        "bal_dt": _date(data["balance_date"]),
        "lim": _minor(data["limit_amount"]),
        "drawn": _minor(data["drawn_amount"]),
        "undrawn": _minor(data["undrawn_usable"]),
        "ccy": data["currency"],
    }
    if "interest_debited" in data:
        fields["int_deb"] = _minor(data["interest_debited"])
    return fields


def _statement(event: SimulatedEvent) -> Fields:
    data = event.data
    fields: Fields = {
        "evt": "FIN",
        "cust_no": event.subject,
        "stmt_no": data["statement_id"],
        "per_end": _date(data["period_end"]),
        "months": data["period_months"],
        "recv_dt": _date(data["received_date"]),
        "due_dt": _date(data["contractual_due_date"]),
        "ccy": data["currency"],
        "unit": "E",
        "basis": data["basis"][0],
        "cons": "Y" if data["consolidated"] else "N",
        "gaap": data["accounting_standard"],
        "lines": [
            {"ln": code, "amt": _minor(data[name])}
            for name, code in LINE_CODES.items()
            if name in data
        ],
    }
    if "opinion" in data:
        fields["opin"] = data["opinion"][0]
    return fields


_ROUTES: dict[str, tuple[str, Callable[[SimulatedEvent], Fields]]] = {
    "repayment.posted.v1": (REPAYMENTS_TOPIC, _payment),
    "repayment.failed.v1": (REPAYMENTS_TOPIC, _rejection),
    "repayment.reversed.v1": (REPAYMENTS_TOPIC, _reversal),
    "account.transacted.v1": (ACCOUNT_FLOWS_TOPIC, _booking),
    "account.balance-closed.v1": (ACCOUNT_FLOWS_TOPIC, _balance),
    "account.item-returned.v1": (ACCOUNT_FLOWS_TOPIC, _return),
    "facility.balance-closed.v1": (ACCOUNT_FLOWS_TOPIC, _line),
    "statement.received.v1": (STATEMENTS_TOPIC, _statement),
}
