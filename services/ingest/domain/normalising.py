"""Puts a candidate into the one form that we use, where that changes no meaning.

`null` and the empty text become absent, texts lose white space around them, currency and country
codes are written in capitals, and amounts lose zeros beyond the currency's minor unit. Whatever
would need a guess is left for validation to refuse.
"""

from collections.abc import Callable, Iterator
from typing import Any

from services.ingest.domain.candidate import Candidate, Document
from services.ingest.domain.conversions import trimmed_money
from services.ingest.domain.reasons import Reason, Refusal

_CODES = ("currency", "reporting_currency", "base_currency", "country", "counterparty_country")
_MOST_LEVELS = 8

DecimalsOf = Callable[[str], int]


def normalised(candidate: Candidate) -> Candidate:
    """Return the candidate in our form."""
    document = _tidy(candidate.document)
    data = document.get("data")
    if isinstance(data, dict):
        for name in _CODES:
            code = data.get(name)
            if isinstance(code, str):
                data[name] = code.upper()
    account = candidate.account_id
    return Candidate(
        document=document,
        account_id=account.strip() or None if account else None,
        origins=candidate.origins,
    )


def with_minor_units(
    candidate: Candidate, *, money_fields: frozenset[str], decimals_of: DecimalsOf
) -> Candidate | Refusal:
    """Return the candidate with every amount in its currency's minor unit.

    Args:
        money_fields: The names of the event type's fields that hold money, nested ones included.
    """
    data = candidate.document.get("data")
    currency = data.get("currency") if isinstance(data, dict) else None
    if not isinstance(currency, str) or not isinstance(data, dict):
        return candidate
    decimals = decimals_of(currency)
    for pointer, holder, name in _amounts(data, money_fields, "/data"):
        trimmed = trimmed_money(holder[name], decimals=decimals)
        if trimmed is None:
            return Refusal(
                reason=Reason.TOO_MANY_DECIMALS,
                pointer=pointer,
                detail=f"{pointer} has more decimals than {currency} has ({decimals})",
            )
        holder[name] = trimmed
    return candidate


def _amounts(
    holder: Document, money_fields: frozenset[str], pointer: str
) -> Iterator[tuple[str, Document, str]]:
    for name, value in holder.items():
        here = f"{pointer}/{name}"
        if name in money_fields and isinstance(value, str):
            yield here, holder, name
        elif isinstance(value, list):
            for position, item in enumerate(value):
                if isinstance(item, dict):
                    yield from _amounts(item, money_fields, f"{here}/{position}")


def _tidy(value: Any, levels: int = _MOST_LEVELS) -> Any:
    """Return a value without blanks and nulls; every event passes here, so types are few."""
    kind = type(value)
    if kind is str:
        return value.strip()
    if kind is dict and levels:
        tidied = {}
        for name, inner in value.items():
            # Most values are texts: no call for those.
            inner = inner.strip() if type(inner) is str else _tidy(inner, levels - 1)
            if inner is not None and inner != "":
                tidied[name] = inner
        return tidied
    if kind is list and levels:
        return [_tidy(inner, levels - 1) for inner in value]
    return value
