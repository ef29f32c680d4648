"""Reads one value of a bank's record by its mapping: finds it, then converts it.

Compiled once for each field of a mapping and called for every record. A value that cannot be read
without guessing raises one of `UNREADABLE`, which the mapper converts to a refusal.
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
"""Takes the part of the record to read (an entry of a list, or all of it) and the record."""
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
        pointer: From the list to the value.
        is_code: Whether the value is a code that is not in its table.
    """

    def __init__(self, pointer: str, cause: ValueError) -> None:
        super().__init__(f"at {pointer}: {cause}")
        self.pointer = pointer
        self.is_code = isinstance(cause, UnknownCode)


UNREADABLE: Final = (UnknownCode, Unconvertible, ExpressionFailed)


def reader(value: Value, tables: Tables) -> Reader:
    """Returns the reader of a value; it returns None if the record has no value.

    Raises:
        BadExpression: If one of its expressions is not JMESPath.
    """
    if value.from_ is None:
        constant = value.value
        return lambda _here, _record: constant
    find, default = compiled(value.from_), value.default
    convert = _converter(value, tables)

    def read(here: Any, record: Any) -> Any:
        raw = find(here)
        if raw is None or raw == "":
            return default
        return convert(raw, record)

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
    return lambda raw, _record: convert(raw)


def _code_reader(name: str, table: Mapping[str, str]) -> Reader:
    def read(raw: Any, _record: Any) -> Any:
        code = table.get(conversions.text(raw))
        if code is None:
            raise UnknownCode(
                f"the code {conversions.shown(raw)} is not in the table {name} ({', '.join(table)})"
            )
        return code

    return read


def _minor_units_reader(find_currency: Finder, expression: str) -> Reader:
    # The entries of a list have one record: an expression that searches it runs once for all.
    latest: tuple[Any, Any] = (None, None)

    def read(raw: Any, record: Any) -> Any:
        nonlocal latest
        if latest[0] is not record:
            latest = record, find_currency(record)
        currency = latest[1]
        if not isinstance(currency, str):
            raise Unconvertible(f"its currency ({expression}) is {conversions.shown(currency)}")
        return conversions.money_of_minor_units(raw, decimals=decimals_of(currency.strip().upper()))

    return read


def _list_of(convert: Reader) -> Reader:
    def read(raw: Any, record: Any) -> Any:
        return [
            _at(f"/{index}", convert, entry, record) for index, entry in enumerate(_entries(raw))
        ]

    return read


def _objects(each: Mapping[str, Value], tables: Tables) -> Reader:
    fields = [
        (name, pointer_of(value.from_ or ""), reader(value, tables)) for name, value in each.items()
    ]

    def read(raw: Any, record: Any) -> Any:
        objects = []
        for index, entry in enumerate(_entries(raw)):
            here = f"/{index}"
            if not isinstance(entry, dict):
                raise BadEntry(here, Unconvertible(f"{conversions.shown(entry)} is not an object"))
            values = (
                (name, _at(here + pointer, read_field, entry, record))
                for name, pointer, read_field in fields
            )
            objects.append({name: value for name, value in values if value is not None})
        return objects

    return read


def _entries(raw: Any) -> list[Any]:
    if isinstance(raw, list):
        return raw
    raise Unconvertible(f"{conversions.shown(raw)} is not a list")


def _at(pointer: str, read: Reader, here: Any, record: Any) -> Any:
    try:
        return read(here, record)
    except UNREADABLE as error:
        raise BadEntry(pointer, error) from error
