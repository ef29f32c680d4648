"""Flows with others than customers and suppliers: lenders, owners, related parties, own accounts.

Told by `account_flows` about each such flow and by `repayments` who paid; read by the indicators of
conduct. Sums by day and by lender, so the order of arrival leaves no trace and a reversal takes
exactly its flow away (a declaration of related parties holds for the flows after it; a reversal is
read as its flow would be read now). Where money goes after a drawdown is kept only while one is
recent: what was booked before the drawdown became known is not traced.
"""

from bisect import bisect_left, bisect_right, insort
from typing import Final

from services.scoring.domain.borrower.borrower import DEALINGS_PART, Borrower, event_ref
from services.scoring.domain.borrower.flows import Dealings
from services.scoring.domain.events.accounts import AccountTransacted
from services.scoring.domain.events.loans import RepaymentPosted
from services.scoring.domain.handlers.credit_file import party_digest
from services.scoring.domain.primitives import series, touched
from services.scoring.domain.primitives.dates import add_to_month, month_of
from services.scoring.domain.primitives.flow_kinds import INFLOW, LENDER
from services.scoring.domain.primitives.vocabulary import (
    CATEGORIES,
    COUNTERPARTY_TYPES,
    CREDIT,
    DEBIT,
    GUARANTOR_CHANNEL,
    OWN_TRANSFER,
    REFINANCE_CHANNEL,
)

# What a debit after a drawdown may be about, as far as loans are not meant for it.
ELSEWHERE: Final = 0
RELATED_PARTIES: Final = 1
SECURITIES: Final = 2
PROPERTY: Final = 3
GAMBLING: Final = 4
CRYPTO: Final = 5
NOWHERE: Final = -1
BY_CATEGORY: Final = {
    "OWN_TRANSFER": ELSEWHERE,
    "RELATED_OUT": RELATED_PARTIES,
    "SECURITIES_OUT": SECURITIES,
    "PROPERTY_OUT": PROPERTY,
    "GAMBLING_OUT": GAMBLING,
}
BY_COUNTERPARTY: Final = {
    "OWN": ELSEWHERE,
    "RELATED": RELATED_PARTIES,
    "BROKER": SECURITIES,
    "REAL_ESTATE": PROPERTY,
    "GAMBLING": GAMBLING,
    "CRYPTO": CRYPTO,
}
PURPOSES: Final = tuple(
    tuple(
        BY_CATEGORY.get(category, BY_COUNTERPARTY.get(counterparty, NOWHERE))
        for counterparty in COUNTERPARTY_TYPES
    )
    for category in CATEGORIES
)
TRACE_DAYS: Final = 30
LENDER_MONTHS_KEPT: Final = 12
PAID_BY_OTHERS: Final = (REFINANCE_CHANNEL, GUARANTOR_CHANNEL)


def is_related(borrower: Borrower, event: AccountTransacted) -> bool:
    """Return whether the other side is a party that the borrower declared as related."""
    related = borrower.credit_file.related_parties
    if not related or event.counterparty_id is None:
        return False
    digest = party_digest(event.counterparty_id)
    place = bisect_left(related, digest)
    return place < len(related) and related[place] == digest


def take(borrower: Borrower, event: AccountTransacted, kinds: int, day: int, amount: int) -> int:
    """Add a flow with a lender, or money in that is no revenue; return what it touched."""
    dealings = borrower.dealings
    borrower.changed |= DEALINGS_PART
    facts = 0
    if kinds & INFLOW and event.direction == CREDIT:
        series.add(dealings.inflows, day, amount)
        facts |= touched.OTHERS
    if kinds & LENDER:
        _take_lender(dealings, event, day, amount)
        facts |= touched.LENDERS
    return facts


def _take_lender(dealings: Dealings, event: AccountTransacted, day: int, amount: int) -> None:
    if event.direction == DEBIT:
        _pay_in_month(dealings, month_of(day), amount)
    if amount > 0:
        dealings.lender_ref = event_ref(event.source, event.id)
    if event.counterparty_id is None:
        return
    key = party_digest(event.counterparty_id)
    columns = dealings.lender_days, dealings.lender_keys, dealings.lender_counts
    add_to_day(columns, day, key, 1 if amount > 0 else -1)


def add_to_day(
    columns: tuple[list[int], list[int], list[int]], day: int, key: int, amount: int
) -> None:
    """Add to the sum of a day and key in lists ordered by both; a sum of 0 disappears."""
    days, keys, sums = columns
    place = bisect_left(days, day)
    while place < len(days) and days[place] == day and keys[place] < key:
        place += 1
    if place == len(days) or days[place] != day or keys[place] != key:
        days.insert(place, day)
        keys.insert(place, key)
        sums.insert(place, 0)
    sums[place] += amount
    if not sums[place]:
        del days[place], keys[place], sums[place]


def _pay_in_month(dealings: Dealings, month: int, amount: int) -> None:
    if not dealings.lender_months:
        dealings.lender_first_month = month
    missing = dealings.lender_first_month - month
    if missing > 0:
        dealings.lender_first_month = month
        dealings.lender_months[:0] = [0] * missing
    add_to_month(dealings.lender_first_month, dealings.lender_months, month, amount)
    while dealings.lender_months and not dealings.lender_months[0]:
        del dealings.lender_months[0]
        dealings.lender_first_month += 1
    if not dealings.lender_months:
        dealings.lender_first_month = 0


def trace(borrower: Borrower, event: AccountTransacted, day: int, amount: int) -> int:
    """Add where money went after a drawdown; money back from own accounts takes it away again."""
    dealings = borrower.dealings
    purpose = _purpose_of(borrower, event)
    if purpose == NOWHERE or not _is_after_drawdown(dealings, day):
        return 0
    columns = dealings.away_days, dealings.away_purposes, dealings.away_minor
    add_to_day(columns, day, purpose, amount if event.direction == DEBIT else -amount)
    borrower.changed |= DEALINGS_PART
    return touched.PROCEEDS


def _is_after_drawdown(dealings: Dealings, day: int) -> bool:
    """Return whether the newest drawdown up to the day is recent enough for its money to go."""
    place = bisect_right(dealings.drawn_days, day) - 1
    return place >= 0 and day <= dealings.drawn_days[place] + TRACE_DAYS


def forget_untraced(dealings: Dealings) -> None:
    """Drop where money went after a drawdown that was taken back."""
    for place in range(len(dealings.away_days) - 1, -1, -1):
        if not _is_after_drawdown(dealings, dealings.away_days[place]):
            del dealings.away_days[place], dealings.away_purposes[place]
            del dealings.away_minor[place]


def _purpose_of(borrower: Borrower, event: AccountTransacted) -> int:
    if event.direction == CREDIT:
        return ELSEWHERE if event.category == OWN_TRANSFER else NOWHERE
    purpose = PURPOSES[event.category][event.counterparty_type]
    if purpose == NOWHERE and is_related(borrower, event):
        return RELATED_PARTIES
    return purpose


def note_payer(borrower: Borrower, event: RepaymentPosted, key: int) -> None:
    """Remember a repayment if somebody else made it."""
    if not event.payer_is_third_party and event.channel not in PAID_BY_OTHERS:
        return
    dealings = borrower.dealings
    place = bisect_left(dealings.helped_days, event.value_day)
    while place < len(dealings.helped_days) and (
        dealings.helped_days[place] == event.value_day and dealings.helped_keys[place] < key
    ):
        place += 1
    dealings.helped_days.insert(place, event.value_day)
    dealings.helped_keys.insert(place, key)
    borrower.changed |= DEALINGS_PART


def forget_before(dealings: Dealings, day: int, first: int) -> None:
    """Drop flows before `first`; lenders dropped with theirs stay known."""
    series.forget_before(dealings.inflows, first)
    gone = bisect_left(dealings.helped_days, first)
    del dealings.helped_days[:gone], dealings.helped_keys[:gone]
    gone = bisect_left(dealings.away_days, first)
    del dealings.away_days[:gone], dealings.away_purposes[:gone], dealings.away_minor[:gone]
    gone = bisect_left(dealings.lender_days, first)
    for key, count in zip(dealings.lender_keys[:gone], dealings.lender_counts, strict=False):
        if count > 0 and key not in dealings.lenders:
            insort(dealings.lenders, key)
    del dealings.lender_days[:gone], dealings.lender_keys[:gone], dealings.lender_counts[:gone]
    old = month_of(day) - LENDER_MONTHS_KEPT - dealings.lender_first_month
    if dealings.lender_months and old > 0:
        del dealings.lender_months[:old]
        dealings.lender_first_month += old
