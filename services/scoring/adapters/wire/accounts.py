"""Events of accounts and lines; most events are of these types."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import UNSET

from services.contracts.account import (
    AccountBalanceClosedV1,
    AccountBlockedV1,
    AccountItemReturnedV1,
    AccountTransactedV1,
    FacilityBalanceClosedV1,
    LimitChangedV1,
)
from services.contracts.fields import EventData
from services.scoring.adapters.wire.values import (
    Head,
    codes_of,
    day_or_zero,
    micro_units,
    minor_units,
    optional_minor_units,
    reported_day,
    word_code,
)
from services.scoring.domain.events import accounts
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives import vocabulary

DIRECTIONS: Final = {"CREDIT": vocabulary.CREDIT, "DEBIT": vocabulary.DEBIT}
CATEGORIES: Final = codes_of(vocabulary.CATEGORIES)
CHANNELS: Final = codes_of(vocabulary.ACCOUNT_CHANNELS)
COUNTERPARTIES: Final = codes_of(vocabulary.COUNTERPARTY_TYPES)
RETURNS: Final = codes_of(vocabulary.RETURN_REASONS)
BLOCK_KINDS: Final = codes_of(vocabulary.BLOCK_KINDS)
LEAST_SURE: Final = 800_000


def account_transacted(head: Head, data: AccountTransactedV1) -> accounts.AccountTransacted:
    """Returns the event."""
    return accounts.AccountTransacted(
        *head,
        account_id=data.account_id,
        direction=word_code(DIRECTIONS, data.direction, "direction"),
        amount_minor=minor_units(data.amount, data.currency, "amount"),
        currency=data.currency,
        category=word_code(CATEGORIES, data.category, "category"),
        value_day=data.value_date.toordinal(),
        channel=word_code(CHANNELS, data.channel, "channel"),
        facility_id=data.facility_id or None,
        counterparty_id=data.counterparty_id or None,
        counterparty_type=word_code(
            COUNTERPARTIES, data.counterparty_type or "UNKNOWN", "counterparty_type"
        ),
        balance_after_minor=optional_minor_units(
            data.balance_after, data.currency, "balance_after"
        ),
        expected_cycle_key=data.expected_cycle_key or None,
        is_guess=_is_guess(data),
    )


def _is_guess(data: AccountTransactedV1) -> bool:
    """Returns whether the source is less sure of the category than 80 %."""
    sure = data.category_confidence
    return sure is not UNSET and micro_units(sure, "category_confidence") < LEAST_SURE


def account_balance_closed(
    head: Head, data: AccountBalanceClosedV1
) -> accounts.AccountBalanceClosed:
    """Returns the event."""
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


def account_item_returned(head: Head, data: AccountItemReturnedV1) -> accounts.AccountItemReturned:
    """Returns the event."""
    return accounts.AccountItemReturned(
        *head,
        account_id=data.account_id,
        amount_minor=minor_units(data.amount, data.currency, "amount"),
        currency=data.currency,
        return_reason=word_code(RETURNS, data.return_reason, "return_reason"),
        is_outgoing=data.is_outgoing,
        value_day=data.value_date.toordinal(),
    )


def account_blocked(head: Head, data: AccountBlockedV1) -> accounts.AccountBlocked:
    """Returns the event."""
    return accounts.AccountBlocked(
        *head,
        account_id=data.account_id,
        kind=word_code(BLOCK_KINDS, data.block_kind, "block_kind"),
        effective_day=reported_day(data.effective_date, head),
    )


def facility_balance_closed(
    head: Head, data: FacilityBalanceClosedV1
) -> accounts.FacilityBalanceClosed:
    """Returns the event."""
    currency = data.currency
    interest = optional_minor_units(data.interest_debited, currency, "interest_debited")
    return accounts.FacilityBalanceClosed(
        *head,
        facility_id=data.facility_id,
        loan_id=data.loan_id or None,
        account_id=data.account_id or None,
        balance_day=data.balance_date.toordinal(),
        limit_minor=minor_units(data.limit_amount, currency, "limit_amount"),
        drawn_minor=minor_units(data.drawn_amount, currency, "drawn_amount"),
        drawing_power_minor=optional_minor_units(data.drawing_power, currency, "drawing_power"),
        undrawn_usable_minor=optional_minor_units(data.undrawn_usable, currency, "undrawn_usable"),
        interest_debited_minor=interest or 0,
        currency=currency,
        months_past_due=None if data.months_past_due is UNSET else data.months_past_due,
    )


def limit_changed(head: Head, data: LimitChangedV1) -> accounts.LimitChanged:
    """Returns the event; only a temporary limit ends."""
    return accounts.LimitChanged(
        *head,
        facility_id=data.facility_id,
        limit_minor=minor_units(data.limit_amount, data.currency, "limit_amount"),
        power_minor=optional_minor_units(data.drawing_power, data.currency, "drawing_power"),
        currency=data.currency,
        effective_day=data.effective_date.toordinal(),
        until=day_or_zero(data.end_date) if data.is_temporary else 0,
    )


TO_DOMAIN: Final[dict[type[EventData], Callable[[Head, Any], Event]]] = {
    AccountTransactedV1: account_transacted,
    AccountBalanceClosedV1: account_balance_closed,
    AccountItemReturnedV1: account_item_returned,
    AccountBlockedV1: account_blocked,
    FacilityBalanceClosedV1: facility_balance_closed,
    LimitChangedV1: limit_changed,
}
