"""The credit file as plain arrays, and back; see `state_rows`. An empty file is one empty array."""

from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from services.scoring.adapters.state_rows import Dump, Fields, Row, names_of
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.credit_file import (
    Collateral,
    Covenant,
    CreditFile,
    Deadline,
    Dependant,
    Finding,
    GroupLink,
    Guarantor,
    RelatedState,
    Report,
)

ENTRIES: Final[dict[str, type]] = {
    "collateral": Collateral,
    "covenants": Covenant,
    "guarantors": Guarantor,
    "links": GroupLink,
    "related": RelatedState,
    "dependants": Dependant,
    "reports": Report,
    "findings": Finding,
    "deadlines": Deadline,
}
DUMPS: Final[dict[str, Dump]] = {
    name: attrgetter(*names_of(kind)) for name, kind in ENTRIES.items()
}
NAMES: Final = [one.name for one in fields(CreditFile)]
EMPTY: Final = CreditFile()


def dump_file(borrower: Borrower) -> Row:
    """Return the credit file: each field that is not as in an empty one, after its place."""
    file = borrower.credit_file
    if file == EMPTY:
        return []
    row: Row = []
    for place, name in enumerate(NAMES):
        value: Any = getattr(file, name)
        if value == getattr(EMPTY, name):
            continue
        dump = DUMPS.get(name)
        row += (place, value if dump is None else [dump(one) for one in value])
    return row


def load_file(row: Row) -> Fields:
    """Return what `dump_file` took."""
    if not row:
        return {}
    file = CreditFile()
    for place, value in zip(row[::2], row[1::2], strict=True):
        name = NAMES[place]
        kind = ENTRIES.get(name)
        setattr(file, name, value if kind is None else [kind(*one) for one in value])
    return {"credit_file": file}
