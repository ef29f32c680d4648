"""Readers of the events about drawdowns, promises, blocks and forecasts; see `wire`."""

from collections.abc import Callable
from typing import Final

import msgspec

from services.scoring.adapters import wire_data
from services.scoring.adapters.wire_values import Head, codes_of, minor_units, word_code
from services.scoring.domain.events import accounts, credit_file, loans
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives import vocabulary

BLOCK_KINDS: Final = codes_of(vocabulary.BLOCK_KINDS)
METRICS: Final = codes_of(vocabulary.FORECAST_METRICS)

_disbursed: Final = msgspec.json.Decoder(wire_data.LoanDisbursedData)
_promise: Final = msgspec.json.Decoder(wire_data.PromiseMadeData)
_blocked: Final = msgspec.json.Decoder(wire_data.AccountBlockedData)
_forecast: Final = msgspec.json.Decoder(wire_data.ForecastReceivedData)


def loan_disbursed(head: Head, raw: msgspec.Raw) -> loans.LoanDisbursed:
    """Return the event."""
    data = _disbursed.decode(raw)
    return loans.LoanDisbursed(
        *head,
        loan_id=data.loan_id,
        drawn_minor=minor_units(data.disbursed_amount, data.currency, "disbursed_amount"),
        currency=data.currency,
        value_day=data.value_date.toordinal(),
        payee_account_id=data.payee_account_id,
    )


def promise_made(head: Head, raw: msgspec.Raw) -> loans.PromiseMade:
    """Return the event."""
    data = _promise.decode(raw)
    return loans.PromiseMade(
        *head,
        loan_id=data.loan_id,
        promised_minor=minor_units(data.promise_amount, data.currency, "promise_amount"),
        currency=data.currency,
        promise_day=data.promise_date.toordinal(),
        made_day=data.made_date.toordinal(),
    )


def account_blocked(head: Head, raw: msgspec.Raw) -> accounts.AccountBlocked:
    """Return the event."""
    data = _blocked.decode(raw)
    return accounts.AccountBlocked(
        *head,
        account_id=data.account_id,
        kind=word_code(BLOCK_KINDS, data.block_kind, "block_kind"),
        effective_day=data.effective_date.toordinal(),
    )


def forecast_received(head: Head, raw: msgspec.Raw) -> credit_file.ForecastReceived:
    """Return the event."""
    data = _forecast.decode(raw)
    return credit_file.ForecastReceived(
        *head,
        metric=word_code(METRICS, data.metric, "metric"),
        period_end_day=data.period_end.toordinal(),
        period_months=data.period_months,
        forecast_minor=minor_units(data.value, data.currency, "value"),
        currency=data.currency,
        received_day=data.received_date.toordinal(),
    )


READERS: Final[dict[str, Callable[[Head, msgspec.Raw], Event]]] = {
    "loan.disbursed.v1": loan_disbursed,
    "promise.made.v1": promise_made,
    "account.blocked.v1": account_blocked,
    "forecast.received.v1": forecast_received,
}
