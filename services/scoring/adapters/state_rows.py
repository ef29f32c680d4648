"""The parts of a borrower as plain arrays, and back; see `state_bytes`.

Ascending lists are written as differences, schedules as differences of differences: an annuity's
instalment is then four small numbers instead of four long ones. All of it runs at C speed (`map`,
`accumulate`).
"""

from collections.abc import Callable
from dataclasses import fields
from itertools import accumulate, islice
from operator import attrgetter, sub
from typing import Any, Final

from services.scoring.domain.borrower.borrower import (
    Account,
    ArrearsExclusion,
    Borrower,
    Bounces,
    Counters,
    Evidence,
    Facility,
    Flows,
    Loan,
    PastSchedule,
    Profile,
    Statement,
)
from services.scoring.domain.borrower.flows import (
    CashForecasts,
    Drawdowns,
    LenderFlows,
    OutsideFunding,
    PassThrough,
    Promises,
    RecurringPayments,
)
from services.scoring.domain.borrower.risk import Emitted, RiskState
from services.scoring.domain.primitives.daily_values import Daily
from services.scoring.domain.primitives.series import Series

Row = list[Any]
Fields = dict[str, Any]
Dump = Callable[[Any], Any]


def names_of(kind: type) -> list[str]:
    """Return the stored fields; what does not count in comparison is derived and not stored."""
    return [one.name for one in fields(kind) if one.compare]


def _dump(kind: type) -> Dump:
    return attrgetter(*names_of(kind))


def _place(kind: type, name: str) -> int:
    return names_of(kind).index(name)


dump_profile = _dump(Profile)
dump_bounces = _dump(Bounces)
dump_counters = _dump(Counters)
dump_evidence = _dump(Evidence)
_series = _dump(Series)
_daily = _dump(Daily)
_past = _dump(PastSchedule)
_loan = _dump(Loan)
_exclusion = _dump(ArrearsExclusion)
_account = _dump(Account)
_flows = _dump(Flows)
_facility = _dump(Facility)
_statement = _dump(Statement)
_recurring = _dump(RecurringPayments)
_emitted = _dump(Emitted)
_risk = _dump(RiskState)

LOAN_PAST: Final = _place(Loan, "past")
LOAN_EXCLUSIONS: Final = _place(Loan, "exclusions")
LOAN_DAYS: Final = tuple(_place(Loan, name) for name in ("due_days", "paid_days"))
LOAN_SUMS: Final = tuple(_place(Loan, name) for name in ("due_cum", "interest_cum", "fees_cum"))
FACILITY_DRAWN: Final = _place(Facility, "drawn")
FACILITY_INTEREST: Final = _place(Facility, "interest_debited")
ACCOUNT_EOD: Final = _place(Account, "eod")
FLOW_SERIES: Final = tuple(
    _place(Flows, name) for name in ("operating_credits", "debits", "cash_debits", "related_net")
)
RECURRING_SERIES: Final = tuple(
    _place(RecurringPayments, name) for name in ("wages", "taxes", "social", "utilities")
)
# One row: the columns of these, in the order in which they are stored.
CONDUCT: Final[dict[str, type]] = {
    "outside_funding": OutsideFunding,
    "lender_flows": LenderFlows,
    "drawdowns": Drawdowns,
    "promises": Promises,
    "forecasts": CashForecasts,
    "pass_through": PassThrough,
}
CONDUCT_COLUMNS: Final = [
    f"{name}.{column}" for name, kind in CONDUCT.items() for column in names_of(kind)
]
CONDUCT_SERIES: Final = tuple(
    CONDUCT_COLUMNS.index(name)
    for name in ("outside_funding.inflows", "pass_through.inflows", "pass_through.passed")
)
_conduct = attrgetter(*CONDUCT_COLUMNS)
RISK_EMITTED: Final = _place(RiskState, "emitted")
NOTHING_RECURS: Final = RecurringPayments()
NO_CONDUCT: Final = _conduct(Borrower(""))


def differences(ascending: list[int]) -> list[int]:
    """Return the first number and then each one's distance from the one before."""
    return [*ascending[:1], *map(sub, ascending[1:], ascending)]


def sums(steps: list[int]) -> list[int]:
    """Return what `differences` was given."""
    return list(accumulate(steps))


def dump_loans(borrower: Borrower) -> Row:
    """Return the loans, and the payments that were taken back before they came."""
    loans = [_dump_loan(loan) for loan in borrower.loans]
    return [loans, borrower.reversed_keys, borrower.reversed_minor]


def load_loans(row: Row) -> Fields:
    """Return what `dump_loans` took."""
    loans = [_load_loan(one) for one in row[0]]
    return {"loans": loans, "reversed_keys": row[1], "reversed_minor": row[2]}


def _dump_loan(loan: Loan) -> Row:
    row = list(_loan(loan))
    for place in LOAN_DAYS:
        row[place] = differences(row[place])
    for place in LOAN_SUMS:
        row[place] = differences(differences(row[place]))
    row[LOAN_PAST] = [_past(past) for past in loan.past]
    row[LOAN_EXCLUSIONS] = [_exclusion(one) for one in loan.exclusions]
    return row


def _load_loan(row: Row) -> Loan:
    for place in LOAN_DAYS:
        row[place] = sums(row[place])
    for place in LOAN_SUMS:
        row[place] = list(accumulate(accumulate(row[place])))
    row[LOAN_PAST] = [PastSchedule(*past) for past in row[LOAN_PAST]]
    row[LOAN_EXCLUSIONS] = [ArrearsExclusion(*one) for one in row[LOAN_EXCLUSIONS]]
    return Loan(*row)


def dump_accounts(borrower: Borrower) -> Row:
    """Return the accounts with their balances."""
    return [_dump_account(account) for account in borrower.accounts]


def _dump_account(account: Account) -> Row:
    row = list(_account(account))
    row[ACCOUNT_EOD] = _daily(account.eod)
    return row


def load_accounts(rows: Row) -> Fields:
    """Return what `dump_accounts` took."""
    for row in rows:
        row[ACCOUNT_EOD] = Daily(*row[ACCOUNT_EOD])
    return {"accounts": [Account(*row) for row in rows]}


def dump_flows(borrower: Borrower) -> Row:
    """Return the flows and the payers."""
    row = _with_differences(list(_flows(borrower.flows)), FLOW_SERIES)
    return [row, borrower.payers, borrower.payer_months, borrower.payer_first_months]


def load_flows(rows: Row) -> Fields:
    """Return what `dump_flows` took."""
    row, payers, months, first_months = rows
    return {
        "flows": Flows(*_with_sums(row, FLOW_SERIES)),
        "payers": payers,
        "payer_months": months,
        "payer_first_months": first_months,
    }


def _with_differences(row: Row, places: tuple[int, ...]) -> Row:
    for place in places:
        series = row[place]
        row[place] = (differences(series.days), differences(series.cum))
    return row


def _with_sums(row: Row, places: tuple[int, ...]) -> Row:
    for place in places:
        days, cum = row[place]
        row[place] = Series(sums(days), sums(cum))
    return row


def dump_recurring(borrower: Borrower) -> Row:
    """Return the recurring payments; nothing where there are none."""
    recurring = borrower.recurring
    if recurring == NOTHING_RECURS:
        return []
    return _with_differences(list(_recurring(recurring)), RECURRING_SERIES)


def load_recurring(row: Row) -> Fields:
    """Return what `dump_recurring` took."""
    return {"recurring": RecurringPayments(*_with_sums(row, RECURRING_SERIES))} if row else {}


def dump_conduct(borrower: Borrower) -> Row:
    """Return the tables of `CONDUCT` in one row; nothing where all are empty."""
    row = _conduct(borrower)
    return [] if row == NO_CONDUCT else _with_differences(list(row), CONDUCT_SERIES)


def load_conduct(row: Row) -> Fields:
    """Return what `dump_conduct` took."""
    if not row:
        return {}
    columns = iter(_with_sums(row, CONDUCT_SERIES))
    return {name: kind(*islice(columns, len(names_of(kind)))) for name, kind in CONDUCT.items()}


def dump_facilities(borrower: Borrower) -> Row:
    """Return the lines with their use."""
    return [_dump_facility(facility) for facility in borrower.facilities]


def _dump_facility(facility: Facility) -> Row:
    row = list(_facility(facility))
    row[FACILITY_DRAWN] = _daily(facility.drawn)
    row[FACILITY_INTEREST] = _series(facility.interest_debited)
    return row


def load_facilities(rows: Row) -> Fields:
    """Return what `dump_facilities` took."""
    for row in rows:
        row[FACILITY_DRAWN] = Daily(*row[FACILITY_DRAWN])
        row[FACILITY_INTEREST] = Series(*row[FACILITY_INTEREST])
    return {"facilities": [Facility(*row) for row in rows]}


def dump_statements(borrower: Borrower) -> Row:
    """Return the statements."""
    return [_statement(statement) for statement in borrower.statements]


def load_statements(rows: Row) -> Fields:
    """Return what `dump_statements` took."""
    return {"statements": [Statement(*row) for row in rows]}


def load_profile(row: Row) -> Fields:
    """Return the profile."""
    return {"profile": Profile(*row)}


def load_bounces(row: Row) -> Fields:
    """Return the returned items."""
    return {"bounces": Bounces(*row)}


def load_counters(row: Row) -> Counters:
    """Return the counters."""
    return Counters(*row)


def load_evidence(row: Row) -> Evidence:
    """Return the evidence."""
    return Evidence(*row)


def dump_risk(risk: RiskState) -> Row:
    """Return the risk state."""
    row = list(_risk(risk))
    row[RISK_EMITTED] = _emitted(risk.emitted)
    return row


def load_risk(row: Row) -> RiskState:
    """Return the risk state that `dump_risk` took."""
    row[RISK_EMITTED] = Emitted(*row[RISK_EMITTED])
    return RiskState(*row)
