"""Readers of account and facility events; see `wire`. The hottest of all readers."""

from typing import Final

import msgspec

from services.scoring.adapters import wire_data
from services.scoring.adapters.wire_values import (
    Head,
    Undecodable,
    codes_of,
    minor_units,
    optional_minor_units,
    word_code,
)
from services.scoring.domain.events import accounts
from services.scoring.domain.primitives import vocabulary

DIRECTIONS: Final = {"CREDIT": vocabulary.CREDIT, "DEBIT": vocabulary.DEBIT}
CATEGORIES: Final = codes_of(vocabulary.CATEGORIES)
CHANNELS: Final = codes_of(vocabulary.ACCOUNT_CHANNELS)
COUNTERPARTIES: Final = codes_of(vocabulary.COUNTERPARTY_TYPES)
RETURNS: Final = codes_of(vocabulary.RETURN_REASONS)

_transacted: Final = msgspec.json.Decoder(wire_data.AccountTransactedData)
_balance: Final = msgspec.json.Decoder(wire_data.AccountBalanceClosedData)
_returned: Final = msgspec.json.Decoder(wire_data.AccountItemReturnedData)
_facility: Final = msgspec.json.Decoder(wire_data.FacilityBalanceClosedData)


def account_transacted(head: Head, raw: msgspec.Raw) -> accounts.AccountTransacted:
    """Return the event."""
    if head.correction_kind in (vocabulary.AMENDMENT_OF, vocabulary.BACKDATE_OF):
        raise Undecodable(
            "correctionkind: a flow cannot be amended or back-dated in one step; send a reversal "
            "that repeats it, then the right flow"
        )
    data = _transacted.decode(raw)
    return accounts.AccountTransacted(
        *head,
        account_id=data.account_id,
        direction=word_code(DIRECTIONS, data.direction, "direction"),
        amount_minor=minor_units(data.amount, data.currency, "amount"),
        currency=data.currency,
        category=word_code(CATEGORIES, data.category, "category"),
        value_day=data.value_date.toordinal(),
        channel=word_code(CHANNELS, data.channel, "channel"),
        facility_id=data.facility_id,
        counterparty_id=data.counterparty_id,
        counterparty_type=word_code(
            COUNTERPARTIES, data.counterparty_type or "UNKNOWN", "counterparty_type"
        ),
        balance_after_minor=optional_minor_units(
            data.balance_after, data.currency, "balance_after"
        ),
        expected_cycle_key=data.expected_cycle_key,
    )


def account_balance_closed(head: Head, raw: msgspec.Raw) -> accounts.AccountBalanceClosed:
    """Return the event."""
    data = _balance.decode(raw)
    return accounts.AccountBalanceClosed(
        *head,
        account_id=data.account_id,
        balance_day=data.balance_date.toordinal(),
        eod_minor=minor_units(data.eod_balance, data.currency, "eod_balance"),
        available_minor=optional_minor_units(
            data.available_balance, data.currency, "available_balance"
        ),
        currency=data.currency,
    )


def account_item_returned(head: Head, raw: msgspec.Raw) -> accounts.AccountItemReturned:
    """Return the event."""
    data = _returned.decode(raw)
    return accounts.AccountItemReturned(
        *head,
        account_id=data.account_id,
        amount_minor=minor_units(data.amount, data.currency, "amount"),
        currency=data.currency,
        return_reason=word_code(RETURNS, data.return_reason, "return_reason"),
        is_outgoing=data.is_outgoing,
        value_day=data.value_date.toordinal(),
    )


def facility_balance_closed(head: Head, raw: msgspec.Raw) -> accounts.FacilityBalanceClosed:
    """Return the event."""
    data = _facility.decode(raw)
    currency = data.currency
    interest = optional_minor_units(data.interest_debited, currency, "interest_debited")
    return accounts.FacilityBalanceClosed(
        *head,
        facility_id=data.facility_id,
        loan_id=data.loan_id,
        account_id=data.account_id,
        balance_day=data.balance_date.toordinal(),
        limit_minor=minor_units(data.limit_amount, currency, "limit_amount"),
        drawn_minor=minor_units(data.drawn_amount, currency, "drawn_amount"),
        drawing_power_minor=optional_minor_units(data.drawing_power, currency, "drawing_power"),
        undrawn_usable_minor=optional_minor_units(data.undrawn_usable, currency, "undrawn_usable"),
        interest_debited_minor=interest or 0,
        currency=currency,
        months_past_due=data.months_past_due,
    )
