"""The edges of every field, derived from the contract's Structs.

Values just beyond an edge are among them: ingest must refuse those, and scoring must fold all that
it accepts.
"""

import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct, UnsetType

DATES: Final = (
    *("1899-12-31", "1900-01-01", "1969-12-31", "1970-01-01", "1999-12-31", "2016-02-29"),
    *("2024-01-01", "2026-03-31", "2026-04-01", "2027-12-31", "2099-12-31", "2100-02-28"),
    *("2199-12-31", "2200-01-01", "9999-12-31", "2026-02-30"),
)
DATE_KINDS: Final = ("date", "businessDate", "reportedDate", "effectiveDate", "deadline")
MOMENTS: Final = (
    *("1900-01-01T00:00:00Z", "1900-01-01T00:30:00+14:00", "1970-01-01T00:00:00Z"),
    *("1969-12-31T23:59:59.999999999-12:00", "2026-03-31T17:05:00Z", "2026-03-29T02:30:00+01:00"),
    *("2199-12-31T23:59:59Z", "2199-12-31T23:59:59-12:00", "2026-12-31T24:00:00Z"),
    *("2026-03-31T17:05:00.123456789+02:00", "2026-03-31T17:05:00"),
)
CURRENCIES: Final = ("EUR", "JPY", "CLF", "KWD", "IDR", "XXX", "eur", "E1R", "uß")
AMOUNTS: Final = (
    *("0", "0.00", "0.01", "0.0001", "0.001", "1", "1.00", "99.9999", "1000000.00"),
    *("99999999999999", "18400000000000", "9223372036854", "9999999999999.9999"),
    *("999999999999999", "999999999999999.99", "999999999999999.9999", "1000000000000000"),
    *("-0", "-0.01", "-1", "-99999999999999", "-999999999999999.9999", "+1", "1e5", ".5", "007"),
)
RATIOS: Final = (
    *("0", "0.0", "-1", "1", "0.05", "0.0000000001", "999999.9999999999", "-999999.9999999999"),
    *("1000000", "0.00000000001", "15", "-15", "15.00001", "1.0000000000", "1.1"),
)
WORDS: Final = ("*", "x", "é", " ", "", "a/b", "a b", "%2F", "..", "#", "Ω" * 3, "naïve text 文字")
_FIGURES: Final = {
    "money": AMOUNTS,
    "nonNegativeMoney": AMOUNTS,
    "positiveMoney": AMOUNTS,
    "ratio": RATIOS,
    "positiveRatio": RATIOS,
    "share": RATIOS,
    "currency": CURRENCIES,
    "country": ("DE", "de", "D", "D1", "ZZZ"),
    **dict.fromkeys(DATE_KINDS, DATES),
    "timestamp": MOMENTS,
}


@cache
def hints_of(struct: type[Struct]) -> dict[str, Any]:
    """Returns the hint of each field, by its name on the wire."""
    hints = get_type_hints(struct, include_extras=True)
    return {each.encode_name: hints[each.name] for each in msgspec.structs.fields(struct)}


@cache
def edges(hint: Any) -> tuple[Any, ...]:
    """Returns the edges of a hint, and values just beyond them."""
    return tuple(_edges(hint))


def _edges(hint: Any) -> Iterator[Any]:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        kinds = [part for part in parts if part not in (UnsetType, types.NoneType)]
        yield from (value for part in kinds for value in edges(part))
    elif origin is Annotated:
        yield from _annotated(*parts)
    elif origin is Literal:
        yield from (*parts, "NO_SUCH_WORD")
    elif hint is bool:
        yield from (True, False)
    elif isinstance(hint, type) and issubclass(hint, Struct):
        yield from objects(hint)
    else:
        raise TypeError(f"no edges of {hint}")


def _annotated(base: Any, meta: Meta) -> Iterator[Any]:
    if meta.title in _FIGURES:
        yield from _FIGURES[meta.title]
    elif get_origin(base) is list:
        yield from lists(get_args(base)[0], meta)
    elif base is int:
        low, high = meta.ge or 0, meta.le if meta.le is not None else 1 << 53
        yield from (low - 1, low, low + 1, (low + high) // 2, high, high + 1)
    else:
        longest = meta.max_length or 128
        yield from (*WORDS, "x" * longest, "x" * (longest + 1), "ÿ" * longest)


def lists(inner: Any, meta: Meta) -> Iterator[Any]:
    """Returns lists: none, one of each edge, and as many as are allowed, alike and ascending."""
    items = edges(inner)
    yield []
    yield from ([item] for item in items)
    longest = meta.max_length or 1_000
    few = next((item for item in items if isinstance(item, dict | str) and item), items[0])
    yield [few] * 2
    yield [_numbered(few, number) for number in range(min(longest, 900))]
    yield [_numbered(few, number) for number in range(min(longest, 2_500))]


def _numbered(item: Any, number: int) -> Any:
    """Returns an item that differs from the others of its list where it may."""
    if not isinstance(item, dict):
        return f"{item[:100]}{number}" if isinstance(item, str) and "-" not in item else item
    changed = dict(item)
    if "instalment_no" in changed:
        changed["instalment_no"] = number
        year, month = divmod(number, 12)
        changed["due_date"] = f"{min(2199, 2020 + year)}-{month + 1:02}-15"
    for name in ("counterparty_id", "industry_code"):
        if name in changed:
            changed[name] = f"{name}{number}"
    return changed


def objects(struct: type[Struct]) -> Iterator[dict[str, Any]]:
    """Returns objects: a plain one, and that with each field at each edge."""
    hints = hints_of(struct)
    plain = {name: plain_value(hint) for name, hint in hints.items()}
    yield plain
    for name, hint in hints.items():
        for value in edges(hint):
            yield {**plain, name: value}


def plain_value(hint: Any) -> Any:
    """Returns an ordinary value."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        usual = {
            "currency": "EUR",
            **dict.fromkeys(DATE_KINDS, "2026-03-31"),
            "country": "DE",
            "share": "0.5",
        }
        if parts[1].title in usual:
            return usual[parts[1].title]
        if parts[0] is int:
            return parts[1].ge or 0
        return "1" if parts[0] is str else []
    if origin is Literal:
        return parts[0]
    return plain_value(parts[0]) if parts else False
