"""The Berka data (PKDD'99): accounts, loans and bookings of a Czech bank, as canonical events.

The borrower is the account. Every assumption is listed in docs/reference/public-data.md; those that
shape this module: order within a day is found by chaining the printed balances, because the source
has no times; instalments fall due on the 12th of each month after the loan was granted; a booking
with symbol UVER pays them. The outcome column is never read, so nothing leaks the label.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec import UNSET

from lab.convert import berka_rows
from lab.convert.berka_rows import BerkaAccount, BerkaLoan, Transaction
from lab.convert.canonical import Author, Label, plain
from services.contracts.account import (
    AccountBalanceClosedV1,
    AccountChannel,
    AccountTransactedV1,
    FlowCategory,
)
from services.contracts.borrower import BorrowerRegisteredV1
from services.contracts.loan import InstalmentV1, LoanBookedV1, SchedulePublishedV1
from services.contracts.repayment import RepaymentPostedV1

AUTHOR = Author(source="berka/core", zone=ZoneInfo("Europe/Prague"))
CURRENCY = "CZK"
DUE_DAY_OF_MONTH = 12
LOAN_PAYMENT = "UVER"
OPENING_HOUR, LOAN_HOUR, BOOKING_HOUR, CLOSING_HOUR = 6, 7, 8, 22
BY_SYMBOL: dict[str, FlowCategory] = {
    "DUCHOD": "SALARY_IN",
    "UROK": "INTEREST",
    "SANKC. UROK": "PENALTY_INTEREST",
    "SLUZBY": "FEE",
    "SIPO": "UTILITY_OUT",
    "POJISTNE": "SUPPLIER_OUT",
    "LEASING": "DEBT_SERVICE_OTHER",
}
# Only where the symbol is empty; the event then has GUESS_CONFIDENCE.
BY_OPERATION: dict[str, FlowCategory] = {
    "VKLAD": "SALARY_IN",
    "PREVOD Z UCTU": "SALARY_IN",
    "VYBER": "CASH_OUT",
    "VYBER KARTOU": "CASH_OUT",
}
GUESS_CONFIDENCE = "0.5"


@dataclass(slots=True, kw_only=True)
class Berka:
    """Converts the tables; `counts` has what was written and what was left out.

    With `day_closes`, the end of each day is written as an event too, from the first day of the
    file to its last: nothing falls due, and no window moves, without it.
    """

    folder: Path
    day_closes: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[bytes]:
        """Yield the events in time order."""
        bookings: dict[date, dict[str, list[Transaction]]] = defaultdict(lambda: defaultdict(list))
        for each in berka_rows.transactions(self.folder):
            bookings[each.day][each.account_id].append(each)
        if not bookings:
            return
        last_day = max(bookings)
        accounts = self._known(berka_rows.accounts(self.folder), last_day)
        loans = self._granted(berka_rows.loans(self.folder), last_day)
        opened, granted = _by_day(accounts, loans)
        balances: dict[str, Decimal] = {}
        loan_of = {loan.account_id: loan for loan in loans}
        first_day = min(bookings.keys() | opened.keys() | granted.keys())
        for day in _days(first_day, last_day):
            for account in opened.get(day, ()):
                yield self._registered(account)
            yield from [self._booked(loan) for loan in granted.get(day, ())]
            yield from [_scheduled(loan) for loan in granted.get(day, ())]
            yield from self._day(day, bookings.get(day, {}), balances=balances, loan_of=loan_of)
            if self.day_closes:
                self.counts["day_closes"] += 1
                yield AUTHOR.close(day)

    def labels(self) -> Iterator[Label]:
        """Yield an account and the first day on which its printed balance was negative."""
        bookings = list(berka_rows.transactions(self.folder))
        last_day = max((each.day for each in bookings), default=date.min)
        first: dict[str, date] = {}
        for each in bookings:
            if each.balance < 0:
                account_id = each.account_id
                first[account_id] = min(each.day, first.get(account_id, each.day))
        for account in self._known(berka_rows.accounts(self.folder), last_day):
            yield Label(_borrower(account.account_id), first.get(account.account_id))

    def _known(self, accounts: list[BerkaAccount], last_day: date) -> list[BerkaAccount]:
        known = [account for account in accounts if account.opened <= last_day]
        self.counts["accounts_after_the_last_booking"] = len(accounts) - len(known)
        return known

    def _granted(self, loans: list[BerkaLoan], last_day: date) -> list[BerkaLoan]:
        granted = [loan for loan in loans if loan.granted <= last_day]
        self.counts["loans_after_the_last_booking"] = len(loans) - len(granted)
        return granted

    def _registered(self, account: BerkaAccount) -> bytes:
        self.counts["borrowers"] += 1
        data = BorrowerRegisteredV1(
            segment="RETAIL",
            reporting_currency=CURRENCY,
            country="CZ",
            start_date=account.opened,
            branch_id=f"district-{account.district_id}",
            account_ids=[_account_id(account.account_id)],
        )
        at = AUTHOR.moment(account.opened, hour=OPENING_HOUR)
        return AUTHOR.write(
            data, id=f"account:{account.account_id}", subject=_borrower(account.account_id), at=at
        )

    def _booked(self, loan: BerkaLoan) -> bytes:
        self.counts["loans"] += 1
        booked = LoanBookedV1(
            loan_id=_loan_id(loan),
            type="TERM",
            currency=CURRENCY,
            principal=plain(loan.amount),
            start_date=loan.granted,
            maturity_date=due_dates(loan)[-1],
            repayment_type="LINEAR",
        )
        at = AUTHOR.moment(loan.granted, hour=LOAN_HOUR)
        subject = _borrower(loan.account_id)
        return AUTHOR.write(booked, id=f"loan:{loan.loan_id}", subject=subject, at=at)

    def _day(
        self,
        day: date,
        by_account: dict[str, list[Transaction]],
        *,
        balances: dict[str, Decimal],
        loan_of: dict[str, BerkaLoan],
    ) -> Iterator[bytes]:
        """Yield a day: bookings in turn, each at another second, then the balances."""
        queues = {
            account_id: chained(booked, opening=balances.get(account_id, Decimal(0)))
            for account_id, booked in by_account.items()
        }
        for turn in range(max(map(len, queues.values()), default=0)):
            repayments = []
            for account_id in sorted(queues, key=int):
                if turn < len(queues[account_id]):
                    each, loan = queues[account_id][turn], loan_of.get(account_id)
                    yield self._transacted(each, turn=turn, has_loan=loan is not None)
                    if loan is not None and each.symbol == LOAN_PAYMENT and not each.is_credit:
                        repayments.append(self._repaid(each, turn=turn, loan=loan))
            yield from repayments
        for account_id in sorted(queues, key=int):
            balances[account_id] = queues[account_id][-1].balance
            yield self._closed(account_id, day=day, balance=balances[account_id])

    def _transacted(self, each: Transaction, *, turn: int, has_loan: bool) -> bytes:
        self.counts["account_flows"] += 1
        category, is_guess = category_of(each, has_loan=has_loan)
        data = AccountTransactedV1(
            account_id=_account_id(each.account_id),
            direction="CREDIT" if each.is_credit else "DEBIT",
            amount=plain(each.amount),
            currency=CURRENCY,
            category=category,
            value_date=each.day,
            channel=_channel(each),
            balance_after=plain(each.balance),
            category_confidence=GUESS_CONFIDENCE if is_guess else UNSET,
        )
        return AUTHOR.write(
            data,
            id=f"trans:{_number(each, turn)}",
            subject=_borrower(each.account_id),
            at=AUTHOR.moment(each.day, hour=BOOKING_HOUR, second=2 * turn),
        )

    def _repaid(self, each: Transaction, *, turn: int, loan: BerkaLoan) -> bytes:
        """Return the repayment that the booking is, a second after the booking."""
        self.counts["repayments"] += 1
        paid = RepaymentPostedV1(
            loan_id=_loan_id(loan),
            paid_amount=plain(each.amount),
            currency=CURRENCY,
            value_date=each.day,
            channel="TRANSFER",
            payer_account_id=_account_id(each.account_id),
        )
        return AUTHOR.write(
            paid,
            id=f"repayment:{_number(each, turn)}",
            subject=_borrower(each.account_id),
            at=AUTHOR.moment(each.day, hour=BOOKING_HOUR, second=2 * turn + 1),
        )

    def _closed(self, account_id: str, *, day: date, balance: Decimal) -> bytes:
        self.counts["balances"] += 1
        data = AccountBalanceClosedV1(
            account_id=_account_id(account_id),
            balance_date=day,
            eod_balance=plain(balance),
            currency=CURRENCY,
        )
        return AUTHOR.write(
            data,
            id=f"balance:{account_id}:{day}",
            subject=_borrower(account_id),
            at=AUTHOR.moment(day, hour=CLOSING_HOUR),
        )


def _scheduled(loan: BerkaLoan) -> bytes:
    """Return the loan's schedule, a second after the loan."""
    schedule = SchedulePublishedV1(
        loan_id=_loan_id(loan),
        schedule_version=1,
        currency=CURRENCY,
        instalments=[
            InstalmentV1(
                instalment_no=number,
                due_date=due,
                due_principal=plain(loan.payment),
                due_interest="0",
                due_fees="0",
            )
            for number, due in enumerate(due_dates(loan), start=1)
        ],
    )
    at = AUTHOR.moment(loan.granted, hour=LOAN_HOUR, second=1)
    subject = _borrower(loan.account_id)
    return AUTHOR.write(schedule, id=f"schedule:{loan.loan_id}:1", subject=subject, at=at)


def due_dates(loan: BerkaLoan) -> list[date]:
    """Return the 12th of each month, the first one strictly after the loan was granted."""
    first = 0 if loan.granted.day < DUE_DAY_OF_MONTH else 1
    months = [loan.granted.month - 1 + first + number for number in range(loan.months)]
    return [
        date(loan.granted.year + month // 12, month % 12 + 1, DUE_DAY_OF_MONTH) for month in months
    ]


def chained(bookings: list[Transaction], *, opening: Decimal) -> list[Transaction]:
    """Return a day's bookings in the order in which their printed balances follow on.

    The best next booking is the one whose balance before it is nearest to the balance reached;
    some printed balances are rounded, so it need not be equal.
    """
    left, order, reached = list(bookings), [], opening
    while left:
        following = min(left, key=lambda each: abs(each.balance - each.signed - reached))
        left.remove(following)
        order.append(following)
        reached = following.balance
    return order


def category_of(each: Transaction, *, has_loan: bool) -> tuple[FlowCategory, bool]:
    """Return what the booking is about, and whether that is only a guess."""
    if each.symbol == LOAN_PAYMENT:
        return ("DEBT_SERVICE_OWN" if has_loan else "DEBT_SERVICE_OTHER"), False
    known = BY_SYMBOL.get(each.symbol)
    if known is not None:
        return known, False
    if each.operation in BY_OPERATION:
        return BY_OPERATION[each.operation], True
    return "UNKNOWN", False


def _number(each: Transaction, turn: int) -> str:
    if each.number == berka_rows.NO_NUMBER:
        return f"{each.account_id}:{each.day}:{turn}"
    return each.number


def _channel(each: Transaction) -> AccountChannel:
    if each.operation == "VYBER KARTOU":
        return "CARD"
    is_at_the_counter = each.operation in ("VKLAD", "VYBER") and each.symbol in ("", "UROK")
    return "CASH" if is_at_the_counter else "TRANSFER"


def _days(first: date, last: date) -> Iterator[date]:
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def _by_day(
    accounts: list[BerkaAccount], loans: list[BerkaLoan]
) -> tuple[dict[date, list[BerkaAccount]], dict[date, list[BerkaLoan]]]:
    opened: dict[date, list[BerkaAccount]] = defaultdict(list)
    granted: dict[date, list[BerkaLoan]] = defaultdict(list)
    for account in sorted(accounts, key=lambda each: int(each.account_id)):
        opened[account.opened].append(account)
    for loan in sorted(loans, key=lambda each: int(each.loan_id)):
        granted[loan.granted].append(loan)
    return opened, granted


def _borrower(account_id: str) -> str:
    return f"BERKA-{account_id}"


def _account_id(account_id: str) -> str:
    return f"BERKA-ACC-{account_id}"


def _loan_id(loan: BerkaLoan) -> str:
    return f"BERKA-LOAN-{loan.loan_id}"
