"""A borrower to bytes and back: what the database stores and what verification compares.

One version byte, then MessagePack of plain arrays in the order of the dataclasses' fields, without
names. A borrower is stored after nearly every event and an event changes one or two of its parts,
so each part's bytes are kept on the borrower and written again only when the fold has marked the
part as changed.

Must stay true: the same borrower gives the same bytes on every machine, kept parts or not; bytes of
another version are refused (the state is rebuilt from the ledger), never guessed at.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from services.scoring.adapters import state_rows as rows
from services.scoring.adapters import state_rows_decisions, state_rows_file
from services.scoring.domain.borrower.borrower import (
    ACCOUNTS_PART,
    ALL_PARTS,
    BOUNCES_PART,
    CONDUCT_PART,
    CREDIT_FILE_PART,
    DECISIONS_PART,
    FACILITIES_PART,
    FLOWS_PART,
    LOANS_PART,
    PROFILE_PART,
    RECURRING_PART,
    STATEMENTS_PART,
    Borrower,
)
from services.scoring.domain.borrower.risk import pack, unpack

VERSION: Final = 6

_encoder: Final = msgspec.msgpack.Encoder()
_document: Final = msgspec.msgpack.Decoder(list[msgspec.Raw])
_decode: Final = msgspec.msgpack.Decoder().decode


class StateUnreadable(ValueError):
    """The stored bytes are not a borrower of this version; rebuild it from the ledger."""


def _profile(borrower: Borrower) -> Any:
    return rows.dump_profile(borrower.profile)


def _bounces(borrower: Borrower) -> Any:
    return rows.dump_bounces(borrower.bounces)


# In the order of the bits in `borrower`.
PARTS: Final[
    tuple[tuple[int, Callable[[Borrower], Any], Callable[[list[Any]], rows.Fields]], ...]
] = (
    (PROFILE_PART, _profile, rows.load_profile),
    (LOANS_PART, rows.dump_loans, rows.load_loans),
    (ACCOUNTS_PART, rows.dump_accounts, rows.load_accounts),
    (FLOWS_PART, rows.dump_flows, rows.load_flows),
    (FACILITIES_PART, rows.dump_facilities, rows.load_facilities),
    (BOUNCES_PART, _bounces, rows.load_bounces),
    (STATEMENTS_PART, rows.dump_statements, rows.load_statements),
    (CREDIT_FILE_PART, state_rows_file.dump_file, state_rows_file.load_file),
    (RECURRING_PART, rows.dump_recurring, rows.load_recurring),
    (
        DECISIONS_PART,
        state_rows_decisions.dump_decisions,
        state_rows_decisions.load_decisions,
    ),
    (CONDUCT_PART, rows.dump_conduct, rows.load_conduct),
)
FIELDS: Final = 5 + len(PARTS)


def encode(borrower: Borrower) -> bytes:
    """Return the borrower as bytes."""
    changed = borrower.changed
    kept = borrower.stored
    if not kept:
        kept = borrower.stored = [b""] * len(PARTS)
        changed = ALL_PARTS
    if changed:
        for place, (bit, dump, _) in enumerate(PARTS):
            if changed & bit:
                kept[place] = _encoder.encode(dump(borrower))
        borrower.changed = 0
    document = (
        borrower.borrower_id,
        rows.dump_counters(borrower.counters),
        rows.dump_evidence(borrower.evidence),
        pack(borrower.signals),
        rows.dump_risk(borrower.risk),
        *map(msgspec.Raw, kept),
    )
    return bytes((VERSION,)) + _encoder.encode(document)


def decode(stored: bytes) -> Borrower:
    """Return the borrower that `encode` wrote.

    Raises:
        StateUnreadable: If the bytes are of another version or damaged.
    """
    if not stored or stored[0] != VERSION:
        raise StateUnreadable(
            f"stored state has version {stored[:1].hex()}, expected {VERSION:02x}"
        )
    try:
        return _load(_document.decode(memoryview(stored)[1:]))
    except (msgspec.DecodeError, TypeError, IndexError, ValueError) as error:
        raise StateUnreadable("stored state is damaged; rebuild it from the ledger") from error


def _load(document: list[msgspec.Raw]) -> Borrower:
    if len(document) != FIELDS:
        raise ValueError(f"{len(document)} fields instead of {FIELDS}")
    parts = document[FIELDS - len(PARTS) :]
    fields: rows.Fields = {}
    for (_, _, load), part in zip(PARTS, parts, strict=True):
        fields |= load(_decode(part))
    # All at once, so that nothing is made only to be replaced.
    return Borrower(
        _decode(document[0]),
        counters=rows.load_counters(_decode(document[1])),
        evidence=rows.load_evidence(_decode(document[2])),
        signals=unpack(_decode(document[3])),
        risk=rows.load_risk(_decode(document[4])),
        stored=[bytes(part) for part in parts],
        changed=0,
        **fields,
    )
