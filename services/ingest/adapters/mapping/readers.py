"""Reads one value of a bank's record as a mapping says: find it, then convert it.

Compiled once for each place of a mapping and called for every record. What cannot be read without
guessing raises one of `UNREADABLE`; the mapper turns that into a refusal that names the place.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.contracts.currencies import decimals_of
from services.ingest.adapters.mapping.document import Value
from services.ingest.adapters.mapping.expressions import (
    ExpressionFailed,
    Finder,
    compiled,
    pointer_of,
)
from services.ingest.domain import conversions
from services.ingest.domain.conversions import Unconvertible

Reader = Callable[[Any, Any], Any]
"""Reads at a place (an entry of a list, or the record itself) of a record."""
Tables = Mapping[str, Mapping[str, str]]

_CONVERSIONS: dict[str, Callable[[object], Any]] = {
    "text": conversions.text,
    "integer": conversions.integer,
    "decimal": conversions.decimal,
    "basis_points": conversions.ratio_of_basis_points,
    "local_date": conversions.local_date,
    "iso_date": conversions.iso_date,
    "yes_no": conversions.yes_no,
    "as_is": lambda value: value,
}


class UnknownCode(ValueError):
    """A code is not in the mapping's table."""


class BadEntry(ValueError):
    """An entry of a list cannot be read.

    Attributes:
        pointer: From the list to the place.
        is_code: Whether the entry holds a code that no table has.
    """

    def __init__(self, pointer: str, cause: ValueError) -> None:
        super().__init__(f"at {pointer}: {cause}")
        self.pointer = pointer
        self.is_code = isinstance(cause, UnknownCode)


UNREADABLE: Final = (UnknownCode, Unconvertible, ExpressionFailed)


def reader(value: Value, tables: Tables) -> Reader:
    """Return how a value is read; None stands for a place that has none.

    Raises:
        BadExpression: If one of its expressions is no JMESPath.
    """
    if value.from_ is None:
        constant = value.value
        return lambda _here, _record: constant
    find, default = compiled(value.from_), value.default
    convert = _converter(value, tables)

    def read(here: Any, record: Any) -> Any:
        found = find(here)
        if found is None or found == "":
            return default
        return convert(found, record)

    return read


def _converter(value: Value, tables: Tables) -> Reader:
    if value.each is not None:
        return _objects(value.each, tables)
    convert = _plain_converter(value, tables)
    return _list_of(convert) if value.list_ else convert


def _plain_converter(value: Value, tables: Tables) -> Reader:
    if value.table is not None:
        return _code_reader(value.table, tables[value.table])
    if value.currency is not None:
        return _minor_units_reader(compiled(value.currency), value.currency)
    convert = _CONVERSIONS[value.as_]
    return lambda found, _record: convert(found)


def _code_reader(name: str, table: Mapping[str, str]) -> Reader:
    def read(found: Any, _record: Any) -> Any:
        word = table.get(conversions.text(found))
        if word is None:
            raise UnknownCode(
                f"the code {conversions.shown(found)} is not in the table {name} "
                f"({', '.join(table)})"
            )
        return word

    return read


def _minor_units_reader(find_currency: Finder, expression: str) -> Reader:
    def read(found: Any, record: Any) -> Any:
        currency = find_currency(record)
        if not isinstance(currency, str):
            raise Unconvertible(f"its currency ({expression}) is {conversions.shown(currency)}")
        return conversions.money_of_minor_units(
            found, decimals=decimals_of(currency.strip().upper())
        )

    return read


def _list_of(convert: Reader) -> Reader:
    def read(found: Any, record: Any) -> Any:
        return [
            _at(f"/{position}", convert, entry, record)
            for position, entry in enumerate(_entries(found))
        ]

    return read


def _objects(each: Mapping[str, Value], tables: Tables) -> Reader:
    places = [
        (name, pointer_of(value.from_ or ""), reader(value, tables)) for name, value in each.items()
    ]

    def read(found: Any, record: Any) -> Any:
        made = []
        for position, entry in enumerate(_entries(found)):
            here = f"/{position}"
            if not isinstance(entry, dict):
                raise BadEntry(here, Unconvertible(f"{conversions.shown(entry)} is no object"))
            values = (
                (name, _at(here + pointer, read_one, entry, record))
                for name, pointer, read_one in places
            )
            made.append({name: value for name, value in values if value is not None})
        return made

    return read


def _entries(found: Any) -> list[Any]:
    if isinstance(found, list):
        return found
    raise Unconvertible(f"{conversions.shown(found)} is no list")


def _at(pointer: str, read: Reader, here: Any, record: Any) -> Any:
    try:
        return read(here, record)
    except UNREADABLE as error:
        raise BadEntry(pointer, error) from error
