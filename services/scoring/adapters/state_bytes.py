"""A borrower to bytes and back: what the database stores and what verification compares.

One version byte, then MessagePack of plain arrays in the order of the dataclasses' fields, without
names. A borrower is stored after nearly every event and an event changes one or two of its parts,
so each part's bytes are cached on the borrower and written again only when the fold has marked the
part as changed. Ascending lists are written as differences, schedules as differences of
differences: an annuity's instalment is then four small numbers instead of four long ones.

Must stay true: the same borrower gives the same bytes on every machine, cached parts or not; bytes
of another version are refused (the state is rebuilt from the ledger), never guessed at. An integer
of any size is stored exactly: a sum that no bank has is no reason to stop a partition.
"""

from collections.abc import Callable
from dataclasses import fields
from itertools import accumulate, chain, islice
from operator import attrgetter, sub
from typing import Any, Final

import msgspec

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
    REASONS_PART,
    RECURRING_PART,
    STATEMENTS_PART,
    Account,
    ArrearsExclusion,
    Borrower,
    Bounces,
    Counters,
    Evidence,
    Facility,
    Flows,
    LimitRaise,
    Loan,
    LoanEnd,
    PastSchedule,
    Profile,
    Statement,
)
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
from services.scoring.domain.borrower.decisions import Decisions, Forbearance, Override
from services.scoring.domain.borrower.default_record import DefaultRecord, FacilityDefault
from services.scoring.domain.borrower.flows import (
    CashForecasts,
    Drawdowns,
    LenderFlows,
    OutsideFunding,
    PassThrough,
    Promises,
    RecurringPayments,
)
from services.scoring.domain.borrower.reasons import RecordedTest, StateMark, Subject
from services.scoring.domain.borrower.risk import Emitted, RiskRecord, pack, unpack
from services.scoring.domain.primitives.daily_values import Daily
from services.scoring.domain.primitives.series import Series

VERSION: Final = 6

# MessagePack's integers end at 64 bits. A sum beyond is an extension of this type: its own bytes.
WIDE_INTEGER: Final = 1
LEAST_INTEGER: Final = -(1 << 63)
GREATEST_INTEGER: Final = (1 << 64) - 1

_encode: Final = msgspec.msgpack.Encoder().encode
_decode_document: Final = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode

Row = list[Any]
Form = tuple[Callable[[Any], Any], Callable[[Any], Any]]
Part = tuple[Callable[[Borrower], Any], Callable[[Any], dict[str, Any]]]


class StateUnreadable(ValueError):
    """The stored bytes are not a borrower of this version; rebuild it from the ledger."""


def _encoded(value: Any) -> bytes:
    try:
        return _encode(value)
    except OverflowError:
        return _encode(_with_wide_integers(value))


def _with_wide_integers(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_with_wide_integers(item) for item in value]
    if isinstance(value, int) and not LEAST_INTEGER <= value <= GREATEST_INTEGER:
        size = value.bit_length() // 8 + 1
        return msgspec.msgpack.Ext(WIDE_INTEGER, value.to_bytes(size, "big", signed=True))
    return value


def _wide_integer(code: int, data: memoryview) -> int:
    if code != WIDE_INTEGER:
        raise ValueError(f"an extension of type {code}")
    return int.from_bytes(data, "big", signed=True)


_decode: Final = msgspec.msgpack.Decoder(ext_hook=_wide_integer).decode


class RowForm:
    """Dumps objects of a dataclass as arrays and loads them; ``shorter`` are forms of some fields.

    A field that does not count in comparison is derived and not stored.
    """

    def __init__(self, kind: type, **shorter: Form) -> None:
        self.kind = kind
        self.names = [each.name for each in fields(kind) if each.compare]
        self._values = attrgetter(*self.names)
        self._forms = [(self.names.index(name), *form) for name, form in shorter.items()]

    def dump(self, value: Any) -> Row:
        """Returns the object as an array."""
        row = list(self._values(value))
        for index, dump, _ in self._forms:
            row[index] = dump(row[index])
        return row

    def load(self, row: Row) -> Any:
        """Returns the object that `dump` took."""
        for index, _, load in self._forms:
            row[index] = load(row[index])
        return self.kind(*row)


def rows_of(form: Form) -> Form:
    """Returns the form of a list of objects that have a form."""
    dump, load = form
    return lambda values: [*map(dump, values)], lambda rows: [*map(load, rows)]


def many(form: RowForm) -> Form:
    """Returns the form of a list of objects."""
    return rows_of((form.dump, form.load))


def single(kind: type) -> Form:
    """Returns the form of an object."""
    form = RowForm(kind)
    return form.dump, form.load


def differences(ascending: list[int]) -> list[int]:
    """Returns the first number and then each one's distance from the one before."""
    return [*ascending[:1], *map(sub, ascending[1:], ascending)]


def sums(steps: list[int]) -> list[int]:
    """Returns the numbers whose differences these are."""
    return list(accumulate(steps))


ASCENDING: Final[Form] = (differences, sums)
SCHEDULE: Final[Form] = (
    lambda values: differences(differences(values)),
    lambda steps: list(accumulate(accumulate(steps))),
)
SERIES: Final[Form] = (
    lambda series: (differences(series.days), differences(series.cum)),
    lambda row: Series(sums(row[0]), sums(row[1])),
)

LOAN: Final = RowForm(
    Loan,
    due_days=ASCENDING,
    paid_days=ASCENDING,
    due_cum=SCHEDULE,
    interest_cum=SCHEDULE,
    fees_cum=SCHEDULE,
    ends=many(RowForm(LoanEnd)),
    past=many(RowForm(PastSchedule, due_days=ASCENDING, due_cum=SCHEDULE)),
    exclusions=many(RowForm(ArrearsExclusion)),
)
ACCOUNT: Final = RowForm(Account, eod=single(Daily))
FACILITY: Final = RowForm(
    Facility,
    drawn=single(Daily),
    interest_debited=single(Series),
    raises=many(RowForm(LimitRaise)),
)
FLOWS: Final = RowForm(
    Flows,
    operating_credits=SERIES,
    debits=SERIES,
    cash_debits=SERIES,
    related_net=SERIES,
    penalty_interest=SERIES,
)
RECURRING: Final = RowForm(
    RecurringPayments, wages=SERIES, taxes=SERIES, social=SERIES, utilities=SERIES
)
DEFAULT: Final = RowForm(DefaultRecord, facilities=many(RowForm(FacilityDefault)))
DECISIONS: Final = RowForm(
    Decisions,
    overrides=many(RowForm(Override)),
    forbearance=single(Forbearance),
    default=(DEFAULT.dump, DEFAULT.load),
)
CREDIT_FILE_ENTRIES: Final = {
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
CREDIT_FILE: Final = RowForm(
    CreditFile, **{name: many(RowForm(kind)) for name, kind in CREDIT_FILE_ENTRIES.items()}
)
COUNTERS: Final = RowForm(Counters)
EVIDENCE: Final = RowForm(Evidence)
RISK: Final = RowForm(RiskRecord, emitted=single(Emitted))


def rare(form: RowForm) -> Form:
    """Returns the form of an object that is as at the beginning for most borrowers: no fields."""
    empty = form.kind()
    return (
        lambda value: [] if value == empty else form.dump(value),
        lambda row: form.load(row) if row else form.kind(),
    )


def sparse(form: RowForm) -> Form:
    """Returns the form of an object with few fields that are not as at the beginning.

    Each of them is written after its number.
    """
    empty = form.kind()
    at_beginning = form.dump(empty)

    def dump(value: Any) -> Row:
        if value == empty:
            return []
        row: Row = []
        for number, (field, usual) in enumerate(zip(form.dump(value), at_beginning, strict=True)):
            if field != usual:
                row += (number, field)
        return row

    def load(row: Row) -> Any:
        fields = list(form.dump(form.kind()))
        for number, field in zip(row[::2], row[1::2], strict=True):
            fields[number] = field
        return form.load(fields)

    return dump, load


TESTS: Final = rows_of(sparse(RowForm(RecordedTest, subjects=rows_of(sparse(RowForm(Subject))))))
AS_IS: Final[Form] = (lambda value: value, lambda value: value)


def part(**forms: Form) -> Part:
    """Returns the form of fields that are written together: one as it is, several as an array."""
    names = list(forms)
    if len(names) == 1:
        name, (dump, load) = next(iter(forms.items()))
        return lambda borrower: dump(getattr(borrower, name)), lambda row: {name: load(row)}
    return (
        lambda borrower: [dump(getattr(borrower, name)) for name, (dump, _) in forms.items()],
        lambda row: {
            name: load(value) for (name, (_, load)), value in zip(forms.items(), row, strict=True)
        },
    )


def flat_part(**forms: RowForm) -> Part:
    """Returns the form of objects that share one array of fields; empty where all are new."""
    new = [getattr(Borrower(""), name) for name in forms]

    def dump(borrower: Borrower) -> Row:
        if [getattr(borrower, name) for name in forms] == new:
            return []
        return [*chain(*(form.dump(getattr(borrower, name)) for name, form in forms.items()))]

    def load(row: Row) -> dict[str, Any]:
        fields = iter(row)
        return {
            name: form.load([*islice(fields, len(form.names))])
            for name, form in forms.items()
            if row
        }

    return dump, load


def rare_part(part_of: Part) -> Part:
    """Returns the form of a part that is an empty array while its fields are as at first."""
    dump_part, load_part = part_of
    beginning = dump_part(Borrower(""))

    def dump(borrower: Borrower) -> Any:
        row = dump_part(borrower)
        return [] if row == beginning else row

    return dump, lambda row: load_part(row) if row else {}


# By the bit that marks a part as changed, in the order of the bits.
PARTS: Final[dict[int, Part]] = {
    PROFILE_PART: part(profile=single(Profile)),
    LOANS_PART: part(
        loans=many(LOAN), reversed_keys=AS_IS, reversed_minor=AS_IS, corrected_keys=AS_IS
    ),
    ACCOUNTS_PART: part(accounts=many(ACCOUNT)),
    FLOWS_PART: part(
        flows=(FLOWS.dump, FLOWS.load),
        payers=AS_IS,
        payer_months=AS_IS,
        payer_first_months=AS_IS,
    ),
    FACILITIES_PART: part(facilities=many(FACILITY)),
    BOUNCES_PART: part(bounces=single(Bounces)),
    STATEMENTS_PART: part(statements=many(RowForm(Statement))),
    CREDIT_FILE_PART: part(credit_file=sparse(CREDIT_FILE)),
    RECURRING_PART: part(recurring=rare(RECURRING)),
    DECISIONS_PART: part(decisions=rare(DECISIONS)),
    CONDUCT_PART: flat_part(
        outside_funding=RowForm(OutsideFunding, inflows=SERIES),
        lender_flows=RowForm(LenderFlows),
        drawdowns=RowForm(Drawdowns, received=SERIES),
        promises=RowForm(Promises),
        forecasts=RowForm(CashForecasts),
        pass_through=RowForm(PassThrough, inflows=SERIES, passed=SERIES),
    ),
    REASONS_PART: rare_part(
        part(state_tests=TESTS, state_mark=rare(RowForm(StateMark, lit=ASCENDING)))
    ),
}
FIELDS: Final = 5 + len(PARTS)


def encode(borrower: Borrower) -> bytes:
    """Returns the borrower as bytes."""
    changed, stored = borrower.changed, borrower.stored
    if not stored:
        stored = borrower.stored = [b""] * len(PARTS)
        changed = ALL_PARTS
    if changed:
        for index, (bit, (dump, _)) in enumerate(PARTS.items()):
            if changed & bit:
                stored[index] = _encoded(dump(borrower))
        borrower.changed = 0
    document = (
        borrower.borrower_id,
        COUNTERS.dump(borrower.counters),
        EVIDENCE.dump(borrower.evidence),
        pack(borrower.signals),
        RISK.dump(borrower.risk),
        *map(msgspec.Raw, stored),
    )
    return bytes((VERSION,)) + _encoded(document)


def decode(stored: bytes) -> Borrower:
    """Returns the borrower that `encode` wrote.

    Raises:
        StateUnreadable: If the bytes are of another version or damaged.
    """
    if not stored or stored[0] != VERSION:
        raise StateUnreadable(
            f"stored state has version {stored[:1].hex()}, expected {VERSION:02x}"
        )
    try:
        return _load(_decode_document(memoryview(stored)[1:]))
    except (msgspec.DecodeError, TypeError, IndexError, ValueError) as error:
        raise StateUnreadable("stored state is damaged; rebuild it from the ledger") from error


def _load(document: list[msgspec.Raw]) -> Borrower:
    if len(document) != FIELDS:
        raise ValueError(f"{len(document)} fields instead of {FIELDS}")
    parts = document[FIELDS - len(PARTS) :]
    fields: dict[str, Any] = {}
    for (_, load), row in zip(PARTS.values(), parts, strict=True):
        fields |= load(_decode(row))
    # All at once, so that no default is made only to be replaced.
    return Borrower(
        _decode(document[0]),
        counters=COUNTERS.load(_decode(document[1])),
        evidence=EVIDENCE.load(_decode(document[2])),
        signals=unpack(_decode(document[3])),
        risk=RISK.load(_decode(document[4])),
        stored=[bytes(row) for row in parts],
        changed=0,
        **fields,
    )
