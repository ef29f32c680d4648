"""Take loans, schedules and money into the facts.

Called by `fold`, one function per event type. What arrives late, twice the same under another id or
taken back later ends in the same lists, because payments are kept by value day and allocation is
derived from them, never stored.
"""

from bisect import bisect_left, bisect_right
from dataclasses import replace
from hashlib import blake2b
from itertools import accumulate
from typing import Final

from services.scoring.domain.arrears import forbearance
from services.scoring.domain.arrears.instalments import counting_days
from services.scoring.domain.borrower.borrower import (
    FAILED_COLLECTION,
    Borrower,
    Loan,
    PastSchedule,
    event_ref,
)
from services.scoring.domain.events.loans import (
    LoanBooked,
    RepaymentFailed,
    RepaymentPosted,
    RepaymentReversed,
    ScheduleChanged,
    SchedulePublished,
)
from services.scoring.domain.handlers import flagged_payments, lender_flows
from services.scoring.domain.handlers.returned_items import add_bounce, correct_bounce
from services.scoring.domain.primitives.vocabulary import (
    INSUFFICIENT_FUNDS,
    NO_CORRECTION,
    REVERSAL_OF,
)

MOST_PAYMENT_REFS: Final = 3
MOST_ORPHANS: Final = 16
# Instead of an amount to take back: all of it, whatever it is.
WHOLE: Final = -1
DEFERRALS: Final = frozenset({"MORATORIUM", "INTEREST_ONLY"})


def payment_key(source: str, event_id: str) -> int:
    """Return the number by which a payment is known to later corrections."""
    digest = blake2b(f"{source}#{event_id}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big")


def loan_of(borrower: Borrower, loan_id: str, currency: str) -> Loan:
    """Return the loan, made bare if an event about it comes before its booking."""
    for loan in borrower.loans:
        if loan.loan_id == loan_id:
            return loan
    loan = Loan(loan_id, currency=currency)
    borrower.loans.append(loan)
    return loan


def book_loan(borrower: Borrower, event: LoanBooked) -> None:
    """Take in the terms of a loan; later ones replace earlier ones."""
    loan = loan_of(borrower, event.loan_id, event.currency)
    loan.facility_id = event.facility_id
    loan.loan_type = event.loan_type
    loan.currency = event.currency
    loan.principal_minor = event.principal_minor
    loan.limit_minor = event.limit_minor
    loan.drawing_power_minor = event.drawing_power_minor
    loan.start_day = event.start_day
    loan.maturity_day = event.maturity_day
    loan.repayment_type = event.repayment_type
    loan.rate_micro = event.rate_micro
    loan.purpose_code = event.purpose_code
    loan.barred_purposes = event.barred_purposes
    loan.grace_days = event.contractual_grace_days
    loan.dpd_convention = event.dpd_convention
    loan.holiday_calendar = event.holiday_calendar
    loan.origination_officer_id = event.origination_officer_id
    loan.collection_officer_id = event.collection_officer_id
    loan.review_due_day = event.review_due_day
    loan.routing_share_micro = event.routing_share_micro


def publish_schedule(borrower: Borrower, event: SchedulePublished) -> bool:
    """Replace the schedule unless a newer version is known; return whether the past changed."""
    loan = loan_of(borrower, event.loan_id, event.currency)
    if event.schedule_version < loan.schedule_version:
        return False
    is_new_version = bool(loan.due_days) and event.schedule_version > loan.schedule_version
    if is_new_version:
        effective = event.effective_day if isinstance(event, ScheduleChanged) else event.day
        _keep_past(loan, effective)
    had_schedule = bool(loan.due_days)
    loan.schedule_version = event.schedule_version
    loan.schedule_ref = event_ref(event.source, event.id)
    loan.due_days = event.due_days
    loan.interest_cum = list(accumulate(event.due_interest_minor))
    loan.fees_cum = list(accumulate(event.due_fees_minor))
    totals = zip(
        event.due_principal_minor, event.due_interest_minor, event.due_fees_minor, strict=True
    )
    loan.due_cum = list(accumulate(map(sum, totals)))
    loan.effective_days = []
    loan.carried_minor += loan.pruned_due_minor
    loan.pruned_due_minor = loan.pruned_principal_minor = 0
    if not loan.start_day and not loan.principal_minor:
        loan.principal_minor = sum(event.due_principal_minor)
    return had_schedule or event.due_days[0] <= borrower.counters.closed_day


def change_schedule(borrower: Borrower, event: ScheduleChanged) -> bool:
    """Replace the schedule and remember a concession; return whether the past changed."""
    changed = publish_schedule(borrower, event)
    if event.change_reason == "CONCESSION":
        loan = loan_of(borrower, event.loan_id, event.currency)
        days = loan.concession_days
        days.insert(bisect_right(days, event.effective_day), event.effective_day)
        grace_end, loss = _end_of_grace(event), event.npv_loss_micro or 0
        forbearance.grant(borrower.decisions, event.effective_day, grace_end, loss)
    return changed


def _end_of_grace(event: ScheduleChanged) -> int:
    """Return when principal falls due again after a concession that defers it, else 0."""
    if event.concession_kind not in DEFERRALS:
        return 0
    for due_day, principal in zip(event.due_days, event.due_principal_minor, strict=True):
        if due_day >= event.effective_day and principal:
            return due_day
    return 0


def _keep_past(loan: Loan, until_day: int) -> None:
    """Keep what was in force on the days before a new schedule; from then on it alone counts."""
    replaced = next((past for past in loan.past if past.until_day > until_day), None)
    loan.past = [past for past in loan.past if past.until_day <= until_day]
    if replaced is None:
        days = counting_days(loan)
        reached = bisect_left(days, until_day)
        replaced = PastSchedule(
            until_day, days[:reached], loan.due_cum[:reached], loan.carried_minor
        )
    if not loan.past or loan.past[-1].until_day < until_day:
        loan.past.append(replace(replaced, until_day=until_day))


def post_payment(borrower: Borrower, event: RepaymentPosted) -> bool:
    """Add money to a loan; return whether the past changed (it counts from a closed day).

    An amendment takes the payment that it corrects away first. Of a payment whose reversal or
    amendment came first only the rest counts, if there is any.
    """
    loan = loan_of(borrower, event.loan_id, event.currency)
    changed = event.value_day <= borrower.counters.closed_day
    if event.correction_kind != NO_CORRECTION and event.corrects_id is not None:
        changed |= _take_back(borrower, payment_key(event.source, event.corrects_id), WHOLE)
    key = payment_key(event.source, event.id)
    left = event.paid_minor
    if key in borrower.reversed_keys:
        left = _left_of(borrower, key, event.paid_minor)
        if left <= 0:
            return False
    value_day = flagged_payments.counts_from(loan, event)
    changed |= value_day <= borrower.counters.closed_day
    # Among payments of one day the key decides, so that arrival order leaves no trace.
    index = bisect_left(loan.paid_days, value_day)
    while index < len(loan.paid_days) and (
        loan.paid_days[index] == value_day and loan.paid_keys[index] < key
    ):
        index += 1
    stated = event.outstanding_principal_minor if left == event.paid_minor else None
    loan.paid_days.insert(index, value_day)
    loan.paid_minor.insert(index, left)
    loan.paid_keys.insert(index, key)
    loan.paid_outstanding.insert(index, -1 if stated is None else stated)
    _remember(loan.paid_refs, event_ref(event.source, event.id))
    lender_flows.note_payer(borrower, event, key)
    if event.allocation_rule is not None:
        loan.allocation_rule = event.allocation_rule
    if event.dispute_flag or loan.exclusions:
        flagged_payments.exclude_by_payment(loan, event)
    return changed


def _remember(refs: list[str], ref: str) -> None:
    refs.append(ref)
    if len(refs) > MOST_PAYMENT_REFS:
        del refs[0]


def reverse_payment(borrower: Borrower, event: RepaymentReversed) -> bool:
    """Take money back as if it had never come; return whether the past changed.

    A partial chargeback takes back its own amount. A reversal that comes before its payment is
    remembered for it.
    """
    if event.corrects_id is None:
        return False
    return _take_back(borrower, payment_key(event.source, event.corrects_id), event.paid_minor)


def _take_back(borrower: Borrower, key: int, amount: int) -> bool:
    """Take an amount of a payment back; of one that has not come, remember that it is to be."""
    for loan in borrower.loans:
        if key in loan.paid_keys:
            index = loan.paid_keys.index(key)
            left = loan.paid_minor[index] - amount
            if amount != WHOLE and left > 0:
                loan.paid_minor[index] = left
                loan.paid_outstanding[index] = -1
            else:
                del loan.paid_days[index], loan.paid_minor[index]
                del loan.paid_keys[index], loan.paid_outstanding[index]
            return True
    borrower.reversed_keys.append(key)
    borrower.reversed_minor.append(amount)
    if len(borrower.reversed_keys) > MOST_ORPHANS:
        del borrower.reversed_keys[0], borrower.reversed_minor[0]
    return False


def _left_of(borrower: Borrower, key: int, amount: int) -> int:
    """Return what is left of a payment after everything that came before it to take it back."""
    keys, amounts = borrower.reversed_keys, borrower.reversed_minor
    while key in keys:
        place = keys.index(key)
        amount = 0 if amounts[place] == WHOLE else amount - amounts[place]
        del keys[place], amounts[place]
    return amount


def fail_collection(borrower: Borrower, event: RepaymentFailed) -> bool:
    """Remember a collection that failed for lack of funds; return whether it changes what counts.

    A correction removes the failure that it names; a reversal says that there was none.
    """
    is_removed = correct_bounce(borrower.bounces, event)
    if event.correction_kind == REVERSAL_OF or event.failure_reason != INSUFFICIENT_FUNDS:
        return is_removed
    ref = event_ref(event.source, event.id)
    add_bounce(borrower.bounces, event.value_day, FAILED_COLLECTION, event.amount_minor, ref)
    return True
