"""A borrower to bytes and back: what the database stores and what verification compares.

One version byte, then MessagePack of plain arrays in the order of the dataclasses' fields, without
names. Must stay true: the same borrower gives the same bytes on every machine, and bytes of another
version are refused (the state is rebuilt from the ledger), never guessed at.
"""

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

import msgspec

from services.scoring.domain.facts import (
    Account,
    Borrower,
    Bounces,
    Counters,
    Daily,
    Evidence,
    Facility,
    Flows,
    Loan,
    PastSchedule,
    Profile,
    Series,
    Statement,
)
from services.scoring.domain.risk import Emitted, RiskState
from services.scoring.domain.signals import pack, unpack

VERSION: Final = 1

Row = list[Any]
Dump = Callable[[Any], Any]

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder()


class StateUnreadable(ValueError):
    """The stored bytes are not a borrower of this version; rebuild it from the ledger."""


def _names(kind: type) -> list[str]:
    """Return the stored fields; what does not count in comparison is derived and not stored."""
    return [one.name for one in fields(kind) if one.compare]


def _dump(kind: type) -> Dump:
    """Return a function that makes an array of an object's fields."""
    return attrgetter(*_names(kind))


def _place(kind: type, name: str) -> int:
    return _names(kind).index(name)


_series = _dump(Series)
_daily = _dump(Daily)
_profile = _dump(Profile)
_past = _dump(PastSchedule)
_loan = _dump(Loan)
_account = _dump(Account)
_flows = _dump(Flows)
_facility = _dump(Facility)
_bounces = _dump(Bounces)
_statement = _dump(Statement)
_counters = _dump(Counters)
_evidence = _dump(Evidence)
_emitted = _dump(Emitted)
_risk = _dump(RiskState)

LOAN_PAST: Final = _place(Loan, "past")
FACILITY_DRAWN: Final = _place(Facility, "drawn")
FACILITY_INTEREST: Final = _place(Facility, "interest_debited")
ACCOUNT_EOD: Final = _place(Account, "eod")
FLOW_SERIES: Final = tuple(
    _place(Flows, name) for name in ("operating_credits", "debits", "cash_debits", "related_net")
)
RISK_EMITTED: Final = _place(RiskState, "emitted")


def encode(borrower: Borrower) -> bytes:
    """Return the borrower as bytes."""
    document = (
        borrower.borrower_id,
        _profile(borrower.profile),
        [_dump_loan(loan) for loan in borrower.loans],
        [_dump_account(account) for account in borrower.accounts],
        _dump_flows(borrower.flows),
        borrower.payers,
        borrower.payer_months,
        borrower.payer_first_months,
        [_dump_facility(facility) for facility in borrower.facilities],
        _bounces(borrower.bounces),
        [_statement(statement) for statement in borrower.statements],
        borrower.reversed_keys,
        _counters(borrower.counters),
        _evidence(borrower.evidence),
        pack(borrower.signals),
        _dump_risk(borrower.risk),
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
        return _load(_decoder.decode(memoryview(stored)[1:]))
    except (msgspec.DecodeError, TypeError, IndexError, ValueError) as error:
        raise StateUnreadable("stored state is damaged; rebuild it from the ledger") from error


def _load(document: Row) -> Borrower:
    return Borrower(
        document[0],
        Profile(*document[1]),
        [_load_loan(row) for row in document[2]],
        [_load_account(row) for row in document[3]],
        _load_flows(document[4]),
        document[5],
        document[6],
        document[7],
        [_load_facility(row) for row in document[8]],
        Bounces(*document[9]),
        [Statement(*row) for row in document[10]],
        document[11],
        Counters(*document[12]),
        Evidence(*document[13]),
        unpack(document[14]),
        _load_risk(document[15]),
    )


def _dump_loan(loan: Loan) -> Any:
    row = _loan(loan)
    if not loan.past:
        return row
    listed = list(row)
    listed[LOAN_PAST] = [_past(past) for past in loan.past]
    return listed


def _load_loan(row: Row) -> Loan:
    row[LOAN_PAST] = [PastSchedule(*past) for past in row[LOAN_PAST]]
    return Loan(*row)


def _dump_account(account: Account) -> Row:
    row = list(_account(account))
    row[ACCOUNT_EOD] = _daily(account.eod)
    return row


def _load_account(row: Row) -> Account:
    row[ACCOUNT_EOD] = Daily(*row[ACCOUNT_EOD])
    return Account(*row)


def _dump_flows(flows: Flows) -> Row:
    row = list(_flows(flows))
    for place in FLOW_SERIES:
        row[place] = _series(row[place])
    return row


def _load_flows(row: Row) -> Flows:
    for place in FLOW_SERIES:
        row[place] = Series(*row[place])
    return Flows(*row)


def _dump_facility(facility: Facility) -> Row:
    row = list(_facility(facility))
    row[FACILITY_DRAWN] = _daily(facility.drawn)
    row[FACILITY_INTEREST] = _series(facility.interest_debited)
    return row


def _load_facility(row: Row) -> Facility:
    row[FACILITY_DRAWN] = Daily(*row[FACILITY_DRAWN])
    row[FACILITY_INTEREST] = Series(*row[FACILITY_INTEREST])
    return Facility(*row)


def _dump_risk(risk: RiskState) -> Row:
    row = list(_risk(risk))
    row[RISK_EMITTED] = _emitted(risk.emitted)
    return row


def _load_risk(row: Row) -> RiskState:
    row[RISK_EMITTED] = Emitted(*row[RISK_EMITTED])
    return RiskState(*row)
