"""Normalises a candidate where that does not change its meaning.

`null` and empty texts are removed, texts are trimmed, currency and country codes are written in
capitals, and amounts lose zeros beyond the currency's minor unit. Validation refuses the rest.
"""

import re
from collections.abc import Callable
from typing import Any

from services.ingest.domain.candidate import Candidate, Document, Encode
from services.ingest.domain.conversions import trimmed_money
from services.ingest.domain.reasons import Refusal, RefusalReason

DecimalsOf = Callable[[str], int]

_CODES = ("currency", "reporting_currency", "base_currency", "country", "counterparty_country")
_MAX_LEVELS = 8
_MAX_DECIMALS = 4
_FINER_THAN = tuple(
    re.compile(rb'\.[0-9]{%d,}"' % (decimals + 1)).search for decimals in range(_MAX_DECIMALS + 1)
)
_SPACE, _BACKSLASH = 0x20, 0x5C


def normalised(candidate: Candidate, *, encode: Encode) -> Candidate:
    """Returns the normalised candidate, with its canonical JSON."""
    document, canonical = candidate.document, candidate.canonical
    if canonical is None or _has_blanks(canonical):
        document, canonical = _tidy(document), None
    data = document.get("data")
    if type(data) is dict and (codes := _codes_in_capitals(data)):
        document, canonical = {**document, "data": {**data, **codes}}, None
    account = candidate.account_id
    if account is not None:
        account = account.strip() or None
    if canonical is not None and account == candidate.account_id:
        return candidate
    return Candidate(document, account, candidate.origins, canonical or encode(document))


def with_minor_units(
    candidate: Candidate, *, money_fields: frozenset[str], decimals_of: DecimalsOf
) -> Candidate | Refusal:
    """Returns the candidate with every amount in its currency's minor unit.

    Args:
        money_fields: The names of the event type's amounts, nested ones included.
    """
    data = candidate.document.get("data")
    currency = data.get("currency") if type(data) is dict else None
    if type(currency) is not str:
        return candidate
    decimals = decimals_of(currency)
    if candidate.canonical is not None and not _FINER_THAN[decimals](candidate.canonical):
        return candidate
    pointer = _trim_amounts(candidate.document["data"], money_fields, decimals, "/data")
    if pointer is not None:
        return Refusal(
            reason=RefusalReason.TOO_MANY_DECIMALS,
            pointer=pointer,
            detail=f"{pointer} has more decimals than {currency} has ({decimals})",
        )
    return candidate._replace(canonical=None)


def _codes_in_capitals(data: Document) -> Document | None:
    """Returns the codes that are not in capitals, in capitals."""
    changed = None
    for name in _CODES:
        code = data.get(name)
        # In capitals, a letter that is not ASCII may become two: "uß" would be the currency USS.
        if type(code) is str and code.isascii() and not code.isupper():
            changed = {**(changed or {}), name: code.upper()}
    return changed


def _trim_amounts(
    data: Document, money_fields: frozenset[str], decimals: int, pointer: str
) -> str | None:
    """Cuts zeros beyond the minor unit off; returns the pointer of an amount that is too fine."""
    for name, value in data.items():
        here = f"{pointer}/{name}"
        if name in money_fields and type(value) is str:
            trimmed = trimmed_money(value, decimals=decimals)
            if trimmed is None:
                return here
            data[name] = trimmed
        elif type(value) is list:
            for index, item in enumerate(value):
                if type(item) is dict:
                    too_fine = _trim_amounts(item, money_fields, decimals, f"{here}/{index}")
                    if too_fine is not None:
                        return too_fine
    return None


def _has_blanks(canonical: bytes) -> bool:
    """Returns whether a text of canonical JSON may begin or end with white space.

    Such white space is a space next to a quotation mark, or escaped, or not ASCII.
    """
    if not canonical.isascii() or _BACKSLASH in canonical:
        return True
    return _SPACE in canonical and (b'" ' in canonical or b' "' in canonical)


def _tidy(value: Any, levels: int = _MAX_LEVELS) -> Any:
    """Returns a value without blank texts and nulls."""
    kind = type(value)
    if kind is str:
        return value.strip()
    if kind is dict and levels:
        tidied = {}
        for name, inner in value.items():
            # Most values are texts, which need no call.
            inner = inner.strip() if type(inner) is str else _tidy(inner, levels - 1)
            if inner is not None and inner != "":
                tidied[name] = inner
        return tidied
    if kind is list and levels:
        return [_tidy(inner, levels - 1) for inner in value]
    return value
