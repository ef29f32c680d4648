"""Indicators of how an account was run in the months behind (A-24 to A-27).

They rank applicants for a loan and borrowers alike: how low the balance went, what that would have
covered, how much of the income the instalments take, and how often the bank charged interest for a
balance below zero. Below 60 days of history none of them can be formed.
"""

from typing import Final

from services.scoring.domain.arrears.instalments import (
    RegularInstalment,
    is_open,
    regular_instalment,
    undrawn_usable,
)
from services.scoring.domain.borrower.borrower import BalanceView, Borrower, Lowest
from services.scoring.domain.indicators.account_flows import credits_of, mostly_unknown
from services.scoring.domain.indicators.account_lines import median_of
from services.scoring.domain.indicators.account_liquidity import (
    BALANCES_AND_LINES,
    FEWEST_HISTORY_DAYS,
    LIQUIDITY,
    MOST_COVER,
    balance_gap,
    balances_as_evidence,
    days_of_outflow,
)
from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.subjects import loans_by_instalment
from services.scoring.domain.primitives import series, touched
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    micro_ratio,
    not_applicable,
    rounded_quotient,
    unmeasurable,
)
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import ACCOUNT, About, Rules
from services.scoring.domain.views.balances import view_of

PENALTY_DAYS: Final = 180
INCOME_MONTHS: Final = 6
FEWEST_INCOME_MONTHS: Final = 3
SHORTEST_MONTH: Final = 28
MONTH_DAYS: Final = 30
# Room for the months of 31 days between two due days.
HALF_MONTH: Final = 15


def penalties_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return the newest charges, newest first."""
    return borrower.evidence.penalties[::-1]


@indicator(
    "A-24",
    "Instalment against the lowest balance",
    LIQUIDITY.at(
        Classification(
            "CAPACITY", "FINANCIAL", "APPLICATION", "The lowest balance covers the instalment"
        )
    ),
    single(Unit.NUMBER, "lowest balance of 60 days over the instalments that fall due next"),
    reads=BALANCES_AND_LINES | touched.PAYMENTS,
    evidence=About(loans_by_instalment),
)
def instalment_cover(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-24: the lowest end-of-day balance of 60 days over the instalment, of all loans together.

    What may be drawn on lines is money as well; a balance below zero is none.
    """
    due = sum(regular.minor for regular in _regular_instalments(borrower, as_of))
    if due <= 0:
        return not_applicable()
    gap = balance_gap(borrower, as_of)
    if gap is not None:
        return gap
    view = view_of(borrower, as_of)
    lowest = _lowest_money(borrower, as_of, view, view.low_60)
    if lowest is None:
        return unmeasurable(Reason.SHORT_HISTORY)
    return measured(min(MOST_COVER, micro_ratio(lowest, due)))


@indicator(
    "A-25",
    "Lowest balance of half a year",
    LIQUIDITY.at(
        Classification("CAPACITY", "FINANCIAL", "APPLICATION", "The balance never went low")
    ),
    single(Unit.DAYS, "days that the lowest balance of 180 days lasts at the usual outflow"),
    reads=BALANCES_AND_LINES | touched.DEBITS,
    evidence=balances_as_evidence,
)
def lowest_balance(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-25: the lowest end-of-day balance of 180 days, in days of the outflow of 90 days.

    In days, so that one threshold serves all sizes and currencies. Lines as in A-24.
    """
    gap = balance_gap(borrower, as_of)
    if gap is not None:
        return gap
    view = view_of(borrower, as_of)
    lowest = _lowest_money(borrower, as_of, view, view.low_180)
    if lowest is None:
        return unmeasurable(Reason.SHORT_HISTORY)
    return days_of_outflow(borrower, lowest, as_of)


@indicator(
    "A-26",
    "Instalment against income",
    Theme(ACCOUNT, "burden", "OBLIGATIONS").at(
        Classification(
            "CAPACITY", "FINANCIAL", "APPLICATION", "Instalments take little of the income"
        )
    ),
    single(Unit.RATIO, "instalments of a month over the operating credits of a usual month"),
    reads=touched.MONTHS | touched.LOANS | touched.PAYMENTS | touched.DUES | touched.PROFILE,
    evidence=About(loans_by_instalment),
)
def instalment_to_income(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-26: the instalments of a month over the median monthly income of six full months.

    Income are the operating credits: a person's pay, a firm's receipts. At least three full months
    are needed.
    """
    monthly = sum(_a_month(regular) for regular in _regular_instalments(borrower, as_of))
    if monthly <= 0 or not borrower.accounts:
        return not_applicable()
    if not borrower.flows.known_day:
        return unmeasurable(Reason.NO_DATA)
    last = borrower.counters.newest_full_month(as_of)
    first = max(borrower.flows.first_full_month(), last - INCOME_MONTHS + 1)
    months = range(first, last + 1)
    if len(months) < FEWEST_INCOME_MONTHS:
        return unmeasurable(Reason.SHORT_HISTORY)
    if mostly_unknown(borrower, months):
        return unmeasurable(Reason.UNKNOWN_CATEGORIES)
    income = median_of(credits_of(borrower, months))
    if income <= 0:
        return unmeasurable(Reason.ZERO_BASE)
    return measured(min(MOST_COVER, micro_ratio(monthly, income)))


@indicator(
    "A-27",
    "Interest for a negative balance",
    LIQUIDITY.at(Classification("RECORD", "FINANCIAL", "APPLICATION")),
    single(Unit.COUNT, "days with such a charge, of 180"),
    reads=touched.BOUNCES | touched.BALANCES | touched.BALANCE_DAY,
    evidence=penalties_as_evidence,
)
def penalty_interest(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """A-27: on how many of 180 days the bank charged interest for a balance below zero."""
    if not borrower.accounts:
        return not_applicable()
    if borrower.flows.known_days(as_of) < FEWEST_HISTORY_DAYS:
        return unmeasurable(Reason.SHORT_HISTORY)
    charged = borrower.flows.penalty_interest
    return measured(len(series.active_days(charged, as_of - PENALTY_DAYS + 1, as_of)) * MICRO)


def _regular_instalments(borrower: Borrower, as_of: int) -> list[RegularInstalment]:
    """Return what each open loan takes, in the borrower's reporting currency."""
    currency = borrower.profile.reporting_currency
    regular = [
        regular_instalment(loan, as_of) for loan in borrower.loans if is_open(loan, currency)
    ]
    return [each for each in regular if each is not None]


def _a_month(regular: RegularInstalment) -> int:
    """Return what the instalment comes to in a month."""
    if regular.gap_days < SHORTEST_MONTH:
        return rounded_quotient(regular.minor * MONTH_DAYS, regular.gap_days)
    return rounded_quotient(regular.minor, (regular.gap_days + HALF_MONTH) // MONTH_DAYS)


def _lowest_money(borrower: Borrower, as_of: int, view: BalanceView, low: Lowest) -> int | None:
    """Return the lowest balance of the days and what may be drawn, `None` if it is too young."""
    if len(view.balances) < FEWEST_HISTORY_DAYS:
        return None
    return max(0, low.of(view.balances)) + undrawn_usable(borrower, as_of)
