"""Money of another currency, taken in at the rate of its day.

Called by the fold for flows, balances, returned items and lines, whose amounts are added up with
others. A line's limit and use are converted alike, so its share used is what it was. Must stay
true: without a rate nothing is guessed; the caller then counts the event nowhere.
"""

from copy import copy
from dataclasses import dataclass
from typing import Final

from services.scoring.domain.events.accounts import (
    AccountBalanceClosed,
    AccountItemReturned,
    AccountTransacted,
    FacilityBalanceClosed,
    LimitChanged,
)
from services.scoring.domain.events.event import Event
from services.scoring.domain.primitives.money import Rates

CONVERTED: Final = (
    AccountTransacted,
    AccountBalanceClosed,
    AccountItemReturned,
    FacilityBalanceClosed,
    LimitChanged,
)


class NoRate(LookupError):
    """The log has no rate between the two currencies."""


@dataclass(slots=True)
class _Exchange:
    """From one currency to another on one day."""

    rates: Rates
    source: str
    target: str
    day: int

    def of(self, minor: int) -> int:
        found = self.rates.converted(minor, self.source, self.target, self.day)
        if found is None:
            raise NoRate(self.source)
        return found

    def of_optional(self, minor: int | None) -> int | None:
        return None if minor is None else self.of(minor)


def converted(event: Event, currency: str, rates: Rates | None) -> Event | None:
    """Return the event with its amounts in the currency, None where no rate is known."""
    if rates is None:
        return None
    found = copy(event)
    try:
        if isinstance(found, AccountTransacted | AccountItemReturned):
            _convert_flow(found, _Exchange(rates, found.currency, currency, found.value_day))
        elif isinstance(found, AccountBalanceClosed):
            _convert_balance(found, _Exchange(rates, found.currency, currency, found.balance_day))
        elif isinstance(found, FacilityBalanceClosed):
            _convert_line(found, _Exchange(rates, found.currency, currency, found.balance_day))
        elif isinstance(found, LimitChanged):
            exchange = _Exchange(rates, found.currency, currency, found.effective_day)
            _convert_limit(found, exchange)
    except NoRate:
        return None
    return found


def _convert_flow(event: AccountTransacted | AccountItemReturned, exchange: _Exchange) -> None:
    event.amount_minor = exchange.of(event.amount_minor)
    if isinstance(event, AccountTransacted):
        event.balance_after_minor = exchange.of_optional(event.balance_after_minor)
    event.currency = exchange.target


def _convert_balance(event: AccountBalanceClosed, exchange: _Exchange) -> None:
    event.eod_minor = exchange.of(event.eod_minor)
    event.available_minor = exchange.of_optional(event.available_minor)
    event.currency = exchange.target


def _convert_line(event: FacilityBalanceClosed, exchange: _Exchange) -> None:
    event.limit_minor = exchange.of(event.limit_minor)
    event.drawn_minor = exchange.of(event.drawn_minor)
    event.drawing_power_minor = exchange.of_optional(event.drawing_power_minor)
    event.undrawn_usable_minor = exchange.of_optional(event.undrawn_usable_minor)
    event.interest_debited_minor = exchange.of(event.interest_debited_minor)
    event.currency = exchange.target


def _convert_limit(event: LimitChanged, exchange: _Exchange) -> None:
    event.limit_minor = exchange.of(event.limit_minor)
    event.power_minor = exchange.of_optional(event.power_minor)
    event.currency = exchange.target
