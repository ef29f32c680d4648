"""Applies money that was paid on a loan, or taken back.

Payments are kept by value day and their allocation is derived, never stored, so what arrives late,
twice under another id or is reversed later ends in the same lists. Must stay true: the flag of one
system (late by the bank's own slip, rest disputed) excludes no more than the few days of a slip;
more needs a decision of two people (domain 4.4 rules 11 and 12).
"""

from bisect import bisect_left
from typing import Final

from services.scoring.domain.arrears.instalments import counting_days, due_before, paid_by
from services.scoring.domain.borrower.borrower import (
    CONDUCT_PART,
    ArrearsExclusion,
    Borrower,
    Loan,
)
from services.scoring.domain.borrower.risk import DISPUTED
from services.scoring.domain.events.loans import RepaymentPosted, RepaymentReversed
from services.scoring.domain.handlers import measures
from services.scoring.domain.handlers.corrections import (
    ALREADY_CORRECTED,
    WHOLE,
    expect,
    key_of,
    note_corrected,
    refuse,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import (
    CASH_PAID,
    COLLATERAL_CHANNEL,
    DRAWN,
    GUARANTOR_CHANNEL,
    INSURER_CHANNEL,
    NO_CORRECTION,
    REFINANCE_CHANNEL,
    REFINANCED,
    SECURED,
    SETOFF_CHANNEL,
)

MOST_PAYMENT_REFS: Final = 3
# A payment marked as late for a technical reason of the bank counts as paid when due if it came
# within this many days (the Chinese exemption; domain 4.4 rule 12).
TECHNICAL_DAYS: Final = 7
BY_PAYMENT: Final = "payment"
THIRD_PARTY_CHANNELS: Final = (REFINANCE_CHANNEL, GUARANTOR_CHANNEL)
SECURED_CHANNELS: Final = (
    SETOFF_CHANNEL,
    COLLATERAL_CHANNEL,
    REFINANCE_CHANNEL,
    GUARANTOR_CHANNEL,
    INSURER_CHANNEL,
)


def post(borrower: Borrower, event: RepaymentPosted) -> int:
    """Add money to a loan; the past changed if it counts from a closed day.

    An amendment first takes away the payment that it corrects. Of a payment whose reversal or
    amendment came first only the rest counts, if there is any.
    """
    if _corrects_again(borrower, event):
        return refuse(borrower, event, ALREADY_CORRECTED)
    facts = touched.PAYMENTS | touched.PAST if _record(borrower, event) else touched.PAYMENTS
    if event.channel == REFINANCE_CHANNEL and not event.payer_is_third_party:
        facts |= measures.take_measure(borrower, event.loan_id, event.value_day)
    else:
        loan = borrower.loan(event.loan_id, event.currency)
        facts |= measures.weigh_payments(borrower, loan, event.value_day)
    is_secured = extinction_of(event) == SECURED and borrower.decisions.default.is_non_performing
    if event.dispute_flag or is_secured:
        facts |= measures.hold_labels(borrower, event.value_day)
    is_correction = event.correction_kind != NO_CORRECTION
    if event.dispute_flag or borrower.risk.flags & DISPUTED or is_correction:
        return facts | touched.DECISIONS
    return facts


def _record(borrower: Borrower, event: RepaymentPosted) -> bool:
    """Record the payment; return whether that changed the past."""
    loan = borrower.loan(event.loan_id, event.currency)
    is_past = event.value_day <= borrower.counters.closed_day
    if event.correction_kind != NO_CORRECTION:
        is_past |= _take_back(borrower, event, WHOLE)
    key = key_of(event.ref)
    left = event.paid_minor
    if key in borrower.reversed_keys:
        left = _left_of(borrower, key, event.paid_minor)
        if left <= 0:
            note_corrected(borrower, key)
            return False
    value_day = _counts_from(loan, event)
    is_past |= value_day <= borrower.counters.closed_day
    # Among payments of one day the key decides, so that arrival order leaves no trace.
    index = _index_of(loan.paid_days, loan.paid_keys, value_day, key)
    stated = event.outstanding_principal_minor if left == event.paid_minor else None
    loan.paid_days.insert(index, value_day)
    loan.paid_minor.insert(index, left)
    loan.paid_keys.insert(index, key)
    loan.paid_outstanding.insert(index, -1 if stated is None else stated)
    loan.paid_refs.append(event.ref)
    if len(loan.paid_refs) > MOST_PAYMENT_REFS:
        del loan.paid_refs[0]
    _record_source(borrower, loan, event, key)
    if event.allocation_rule is not None:
        loan.allocation_rule = event.allocation_rule
    if event.dispute_flag or loan.exclusions:
        _exclude_by_payment(loan, event)
    return is_past


def _record_source(borrower: Borrower, loan: Loan, event: RepaymentPosted, key: int) -> None:
    """Record a payment that somebody else made, or that no cash of the borrower's was."""
    if event.payer_is_third_party or event.channel in THIRD_PARTY_CHANNELS:
        _record_third_party(borrower, event.value_day, key)
    if extinguished := extinction_of(event):
        loan.non_cash += [key, extinguished]


def extinction_of(event: RepaymentPosted) -> int:
    """Return how a payment extinguishes what it pays: by cash only if the borrower paid."""
    if event.channel == REFINANCE_CHANNEL and not event.payer_is_third_party:
        return REFINANCED
    is_secured = event.channel in SECURED_CHANNELS or event.payer_is_third_party
    return SECURED if is_secured else CASH_PAID


def _index_of(days: list[int], keys: list[int], day: int, key: int) -> int:
    """Return where a payment goes: by its day, inside the day by its key."""
    index = bisect_left(days, day)
    while index < len(days) and days[index] == day and keys[index] < key:
        index += 1
    return index


def _record_third_party(borrower: Borrower, value_day: int, key: int) -> None:
    """Record that somebody else made a repayment."""
    funding = borrower.outside_funding
    index = _index_of(funding.repaid_days, funding.repaid_keys, value_day, key)
    funding.repaid_days.insert(index, value_day)
    funding.repaid_keys.insert(index, key)
    borrower.changed |= CONDUCT_PART


def _exclude_by_payment(loan: Loan, event: RepaymentPosted) -> None:
    """Exclude the rest that a payment marks as disputed; end what an earlier one marked."""
    for exclusion in loan.exclusions:
        if exclusion.name == BY_PAYMENT and not exclusion.is_settled:
            exclusion.until_day = max(exclusion.from_day, event.value_day)
            exclusion.is_settled = True
    if event.dispute_flag:
        day = event.value_day
        unpaid = max(0, due_before(loan, day + 1) - paid_by(loan, day))
        if unpaid:
            loan.exclusions.append(ArrearsExclusion(BY_PAYMENT, day, minor=unpaid))


def _counts_from(loan: Loan, event: RepaymentPosted) -> int:
    """Return from which day a payment counts: its value day, or when due for a slip of the bank."""
    if not event.technical_flag:
        return event.value_day
    paid = paid_by(loan, event.value_day)
    for due_day, due in zip(counting_days(loan), loan.due_cum, strict=True):
        if due > paid:
            late = event.value_day - due_day
            return due_day if 0 < late <= TECHNICAL_DAYS else event.value_day
    return event.value_day


def reverse(borrower: Borrower, event: RepaymentReversed) -> int:
    """Take money back as if it had never come.

    A partial chargeback takes back its own amount. A reversal that comes before its payment is
    remembered for it.
    """
    if _corrects_again(borrower, event):
        return refuse(borrower, event, ALREADY_CORRECTED)
    if _take_back(borrower, event, event.paid_minor):
        return touched.PAYMENTS | touched.PAST | touched.DECISIONS
    return touched.DECISIONS if borrower.news else 0


def _corrects_again(borrower: Borrower, event: RepaymentPosted | RepaymentReversed) -> bool:
    """Return whether nothing is left of the payment that the event corrects."""
    ref = event.corrected_ref
    return ref is not None and key_of(ref) in borrower.corrected_keys


def _take_back(borrower: Borrower, event: RepaymentPosted | RepaymentReversed, amount: int) -> bool:
    """Take an amount of a payment back; of one that has not come, remember that it is to be."""
    if event.corrected_ref is None:
        return False
    key = key_of(event.corrected_ref)
    for loan in borrower.loans:
        if key in loan.paid_keys:
            index = loan.paid_keys.index(key)
            paid_day = loan.paid_days[index]
            left = loan.paid_minor[index] - amount
            if amount != WHOLE and left > 0:
                loan.paid_minor[index] = left
                loan.paid_outstanding[index] = -1
            else:
                if measures.forget_non_cash(loan, key) in (REFINANCED, DRAWN):
                    measures.take_measure_back(borrower, loan, paid_day)
                del loan.paid_days[index], loan.paid_minor[index]
                del loan.paid_keys[index], loan.paid_outstanding[index]
                _forget_third_party(borrower, key)
                note_corrected(borrower, key)
            measures.weigh_payments(borrower, loan, paid_day)
            return True
    expect(borrower, event, key, amount)
    return False


def _forget_third_party(borrower: Borrower, key: int) -> None:
    """Forget that somebody else made a repayment that was taken back."""
    funding = borrower.outside_funding
    if key in funding.repaid_keys:
        index = funding.repaid_keys.index(key)
        del funding.repaid_days[index], funding.repaid_keys[index]
        borrower.changed |= CONDUCT_PART


def _left_of(borrower: Borrower, key: int, amount: int) -> int:
    """Return what is left of a payment after everything that came before it to take it back."""
    keys, amounts = borrower.reversed_keys, borrower.reversed_minor
    while key in keys:
        index = keys.index(key)
        amount = 0 if amounts[index] == WHOLE else amount - amounts[index]
        del keys[index], amounts[index]
    return amount
