"""Readers of reference data, statements and control events; see `wire`."""

from typing import Final

import msgspec

from services.contracts.currencies import decimals_of
from services.scoring.adapters import wire_data
from services.scoring.adapters.wire_values import (
    Head,
    Undecodable,
    codes_of,
    micro_units,
    optional_day,
    scaled,
    word_code,
)
from services.scoring.domain.events import control, credit_file
from services.scoring.domain.primitives import vocabulary

SEGMENTS: Final = codes_of(vocabulary.SEGMENTS)
BASES: Final = codes_of(vocabulary.STATEMENT_BASES)
OPINIONS: Final = codes_of(vocabulary.OPINIONS)
FINEST_DECIMALS: Final = 4
# `rates.SCALE` as a power of ten.
RATE_DECIMALS: Final = 10
POWERS: Final = (1, 10, 100, 1_000, 10_000)
MONEY_LINES: Final = vocabulary.STATEMENT_LINES[:-1]

_registered: Final = msgspec.json.Decoder(wire_data.BorrowerRegisteredData)
_meta: Final = msgspec.json.Decoder(wire_data.StatementMeta)
_lines: Final = msgspec.json.Decoder(wire_data.StatementLines)
_closed: Final = msgspec.json.Decoder(wire_data.DayClosedData)
_calendar: Final = msgspec.json.Decoder(wire_data.CalendarPublishedData)
_fx: Final = msgspec.json.Decoder(wire_data.FxPublishedData)
_activated: Final = msgspec.json.Decoder(wire_data.RulebookActivatedData)


def borrower_registered(head: Head, raw: msgspec.Raw) -> credit_file.BorrowerRegistered:
    """Return the event."""
    data = _registered.decode(raw)
    return credit_file.BorrowerRegistered(
        *head,
        segment=word_code(SEGMENTS, data.segment, "segment"),
        reporting_currency=data.reporting_currency,
        country=data.country,
        industry_code=data.industry_code or "",
        legal_form=data.legal_form or "",
        start_day=optional_day(data.start_date),
        group_id=data.group_id,
        status=data.status or "",
        origination_pd_micro=micro_units(data.origination_pd, "origination_pd"),
        rating=data.rating or "",
        officer_id=data.officer_id,
        branch_id=data.branch_id,
        account_ids=data.account_ids or [],
        current_pd_micro=micro_units(data.current_pd, "current_pd"),
    )


def statement_received(head: Head, raw: msgspec.Raw) -> credit_file.StatementReceived:
    """Return the event, its figures multiplied by the unit multiplier."""
    data = _meta.decode(raw)
    return credit_file.StatementReceived(
        *head,
        statement_id=data.statement_id,
        period_end_day=data.period_end.toordinal(),
        period_months=data.period_months,
        received_day=data.received_date.toordinal(),
        currency=data.currency,
        basis=word_code(BASES, data.basis or "UNKNOWN", "basis"),
        is_consolidated=data.consolidated or False,
        accounting_standard=data.accounting_standard or "",
        contractual_due_day=optional_day(data.contractual_due_date),
        auditor_id=data.auditor_id,
        opinion=word_code(OPINIONS, data.opinion or "UNKNOWN", "opinion"),
        going_concern_doubt=data.going_concern_doubt or False,
        auditor_changed=data.auditor_changed or False,
        restates_statement_id=data.restates_statement_id,
        accounting_policy_changed=data.accounting_policy_changed or False,
        fiscal_year_changed=data.fiscal_year_changed or False,
        lines=_figures(raw, data.currency, data.unit_multiplier or 1),
    )


def _figures(raw: msgspec.Raw, currency: str, multiplier: int) -> list[int | None]:
    found = _lines.decode(raw)
    lines: list[int | None] = []
    for name in MONEY_LINES:
        text = getattr(found, name)
        lines.append(None if text is None else _figure(text, currency, multiplier, name))
    lines.append(getattr(found, vocabulary.STATEMENT_LINES[-1]))
    return lines


def _figure(text: str, currency: str, multiplier: int, name: str) -> int:
    # Four decimals of a figure in millions are whole cents; what is finer than a cent is cut off.
    exact = scaled(text, FINEST_DECIMALS, name) * multiplier
    return exact // POWERS[FINEST_DECIMALS - decimals_of(currency)]


def day_closed(head: Head, raw: msgspec.Raw) -> control.DayClosed:
    """Return the event."""
    return control.DayClosed(*head, closed_day=_closed.decode(raw).closed_date.toordinal())


def rulebook_activated(head: Head, raw: msgspec.Raw) -> control.RulebookActivated:
    """Return the event."""
    data = _activated.decode(raw)
    return control.RulebookActivated(
        *head,
        name=data.name,
        version=data.version,
        digest=data.digest,
        effective_day=data.effective_date.toordinal(),
    )


def calendar_published(head: Head, raw: msgspec.Raw) -> control.CalendarPublished:
    """Return the event."""
    data = _calendar.decode(raw)
    return control.CalendarPublished(
        *head,
        calendar=data.calendar,
        from_day=data.from_date.toordinal(),
        to_day=data.to_date.toordinal(),
        holidays=[day.toordinal() for day in data.holidays],
    )


def fx_published(head: Head, raw: msgspec.Raw) -> control.FxPublished:
    """Return the event; a rate must be above zero."""
    data = _fx.decode(raw)
    rates = [scaled(one.rate, RATE_DECIMALS, "rate") for one in data.rates]
    if min(rates, default=1) <= 0:
        raise Undecodable("rates: a rate is zero or below; units of the base for one unit")
    return control.FxPublished(
        *head,
        rate_day=data.rate_date.toordinal(),
        base_currency=data.base_currency,
        currencies=[one.currency for one in data.rates],
        rates=rates,
    )
