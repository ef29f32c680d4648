"""Applies events of a loan: terms, schedules, disputes, promises and its end.

Events may arrive late, twice under another id or be taken back later: the facts end the same,
because versions and days decide and not the order of arrival. Must stay true: a dispute suspends
the count while it is open, and one that is rejected or withdrawn never did; technical arrears need
an approved decision (domain 4.4 rules 11 and 12).
"""

from bisect import bisect_left, insort
from dataclasses import replace
from itertools import accumulate
from typing import Final

from services.scoring.domain.arrears import forbearance
from services.scoring.domain.arrears.extinction import moved, owed_through
from services.scoring.domain.arrears.instalments import counting_days, loan_exposure
from services.scoring.domain.borrower.borrower import (
    LOANS_PART,
    ArrearsExclusion,
    Borrower,
    Loan,
    LoanEnd,
    PastSchedule,
)
from services.scoring.domain.borrower.flows import remove_row, row_index
from services.scoring.domain.borrower.risk import DISPUTED, WRITTEN_OFF
from services.scoring.domain.events.credit_file import OverrideApproved
from services.scoring.domain.events.loans import (
    ClaimDisputed,
    LoanBooked,
    LoanClosed,
    PromiseMade,
    ScheduleChanged,
    SchedulePublished,
)
from services.scoring.domain.handlers.measures import (
    hold_labels,
    take_measure,
    take_measure_back,
    weigh_draws,
    weigh_payments,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.measurement import MICRO
from services.scoring.domain.primitives.vocabulary import (
    CAPITALISED,
    CASH_PAID,
    FORGIVEN,
    NO_CORRECTION,
)

STATUTORY: Final = "STATUTORY"
FORGIVENESS: Final = "WRITE_OFF"
DEFERRALS: Final = frozenset({"MORATORIUM", "INTEREST_ONLY"})
UNKNOWN_LOSS: Final = -1
OPEN, UPHELD, REJECTED, WITHDRAWN = range(4)
# The cure of a forborne borrower begins with its newest concession, so one with a wrong year would
# never end: it counts from its booking.
MOST_DAYS_AHEAD: Final = 366


def book(borrower: Borrower, event: LoanBooked) -> int:
    """Record the terms of a loan; later ones replace earlier ones."""
    loan = borrower.loan(event.loan_id, event.currency)
    start_before = loan.start_day
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
    facts = touched.LOANS | weigh_draws(borrower, event.start_day)
    return facts | weigh_draws(borrower, start_before) if start_before else facts


def publish_schedule(borrower: Borrower, event: SchedulePublished) -> int:
    """Replace the schedule unless a newer version is known.

    The amendment of the schedule in force counts whatever its version: a slip in a version's digits
    would otherwise keep all later ones out. The wrong schedule was then never in force.
    """
    loan = borrower.loan(event.loan_id, event.currency)
    is_amendment = is_in_force(borrower, event)
    if event.schedule_version < loan.schedule_version and not is_amendment:
        return touched.LOANS
    is_new_version = bool(loan.due_days) and event.schedule_version > loan.schedule_version
    effective = event.effective_day if isinstance(event, ScheduleChanged) else event.day
    wrong_day = loan.schedule_day
    if is_amendment:
        take_measure_back(borrower, loan, wrong_day)
        _extend_past(loan, effective, _extinction_of(event))
    elif is_new_version or _is_another(loan, event):
        _remember_past(loan, effective, _extinction_of(event))
    had_schedule = bool(loan.due_days)
    _set_schedule(loan, event, effective)
    facts = _note_measure(borrower, loan, event, effective)
    if is_amendment:
        facts |= weigh_payments(borrower, loan, min(effective, wrong_day))
    if not loan.start_day and (is_amendment or not loan.principal_minor):
        loan.principal_minor = sum(event.due_principal_minor)
    if had_schedule or event.due_days[0] <= borrower.counters.closed_day:
        return facts | touched.LOANS | touched.PAST
    return facts | touched.LOANS


def _set_schedule(loan: Loan, event: SchedulePublished, effective: int) -> None:
    loan.schedule_version = event.schedule_version
    loan.schedule_ref, loan.schedule_day = event.ref, effective
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


def is_in_force(borrower: Borrower, event: SchedulePublished) -> bool:
    """Return whether an event corrects the schedule that is in force."""
    loan = borrower.loan(event.loan_id, event.currency)
    return bool(loan.due_days) and event.corrected_ref == loan.schedule_ref


def is_superseded(borrower: Borrower, event: SchedulePublished) -> bool:
    """Return whether an event corrects a schedule that a newer version has replaced."""
    loan = borrower.loan(event.loan_id, event.currency)
    return event.schedule_version < loan.schedule_version and not is_in_force(borrower, event)


def _is_another(loan: Loan, event: SchedulePublished) -> bool:
    """Return whether other instalments come under a version known while something is unpaid."""
    return event.due_days != loan.due_days and owed_through(loan, event.day) > 0


def _extinction_of(event: SchedulePublished) -> int:
    """Return how a new schedule extinguishes what is open under the old one; 0 by statute."""
    if not isinstance(event, ScheduleChanged):
        return CAPITALISED
    if event.change_reason == STATUTORY:
        return CASH_PAID
    return FORGIVEN if event.concession_kind == FORGIVENESS else CAPITALISED


def _note_measure(borrower: Borrower, loan: Loan, event: SchedulePublished, effective: int) -> int:
    """Note a measure if the new schedule moved what was open; return the bits touched."""
    for past in loan.past:
        if past.until_day == effective and past.extinction and moved(loan, past):
            if isinstance(event, ScheduleChanged) and event.change_reason == "CONCESSION":
                return hold_labels(borrower, effective)
            return take_measure(borrower, loan.loan_id, effective)
    return 0


def change_schedule(borrower: Borrower, event: ScheduleChanged) -> int:
    """Replace the schedule and remember a concession."""
    loan = borrower.loan(event.loan_id, event.currency)
    forborne = borrower.decisions.forbearance
    if event.corrected_ref == loan.schedule_ref and forborne.grace_end_day in loan.due_days:
        forborne.grace_end_day = 0  # It was the end by the schedule that is amended.
    facts = publish_schedule(borrower, event)
    if event.change_reason == "CONCESSION":
        insort(loan.concession_days, event.effective_day)
        grace_end, loss = _end_of_grace(event), event.npv_loss_micro or 0
        is_far_ahead = event.effective_day > event.day + MOST_DAYS_AHEAD
        granted = event.day if is_far_ahead else event.effective_day
        forbearance.grant(borrower.decisions, granted, grace_end, loss)
    return facts if borrower.decisions.forbearance.is_weighed else facts | touched.DECISIONS


def _end_of_grace(event: ScheduleChanged) -> int:
    """Return when principal falls due again after a concession that defers it, else 0."""
    if event.concession_kind not in DEFERRALS:
        return 0
    for due_day, principal in zip(event.due_days, event.due_principal_minor, strict=True):
        if due_day >= event.effective_day and principal:
            return due_day
    return 0


def _remember_past(loan: Loan, until_day: int, extinction: int) -> None:
    """Remember what was in force on the days before a new schedule."""
    replaced = next((past for past in loan.past if past.until_day > until_day), None)
    loan.past = [past for past in loan.past if past.until_day <= until_day]
    if replaced is None:
        days = counting_days(loan)
        known = bisect_left(days, until_day + MOST_DAYS_AHEAD)
        replaced = PastSchedule(until_day, days[:known], loan.due_cum[:known], loan.carried_minor)
    _append_past(loan, replaced, until_day, extinction)


def _extend_past(loan: Loan, until_day: int, extinction: int) -> None:
    """Leave what an amended schedule replaced in force until the right one counts."""
    if loan.past and loan.past[-1].until_day == loan.schedule_day:
        replaced = loan.past.pop()
        loan.past = [past for past in loan.past if past.until_day <= until_day]
        _append_past(loan, replaced, until_day, extinction)


def _append_past(loan: Loan, replaced: PastSchedule, until_day: int, extinction: int) -> None:
    if not loan.past or loan.past[-1].until_day < until_day:
        loan.past.append(replace(replaced, until_day=until_day, extinction=extinction))


def close(borrower: Borrower, event: LoanClosed) -> int:
    """End a loan: from then on it owes nothing."""
    loan = borrower.loan(event.loan_id, borrower.profile.reporting_currency)
    loan.ends.append(_end_of(loan, event))
    loan.ends.sort(key=_ended)
    facts = touched.LOANS | touched.DECISIONS | _note_end(borrower, loan, event)
    first_day = min(loan.closed_day or event.closed_day, event.closed_day)
    _follow_ends(borrower, loan)
    if first_day <= borrower.counters.closed_day:
        facts |= touched.PAST
    return facts


def _follow_ends(borrower: Borrower, loan: Loan) -> None:
    """Take the first of the ends as the end of the loan."""
    loan.closed_day = loan.ends[0].day if loan.ends else None
    loan.closed_reason = loan.ends[0].reason if loan.ends else ""
    set_written_off_flag(borrower)


def take_back_end(borrower: Borrower, ref: str) -> int:
    """Take the end of a loan back."""
    for loan in borrower.loans:
        for end in loan.ends:
            if end.ref == ref:
                loan.ends.remove(end)
                take_measure_back(borrower, loan, end.day)
                _follow_ends(borrower, loan)
                return touched.LOANS | touched.DECISIONS | touched.PAST
    return 0


def _end_of(loan: Loan, event: LoanClosed) -> LoanEnd:
    is_written_off = event.reason == "WRITTEN_OFF"
    is_claimed = is_written_off and event.claim_micro != 0
    return LoanEnd(
        event.ref,
        event.closed_day,
        event.reason,
        is_claim_open=is_claimed,
        is_loss=is_written_off,
        successor=event.successor,
        unpaid_through=_unpaid_through(loan, event),
    )


def _unpaid_through(loan: Loan, event: LoanClosed) -> int:
    has_principal = loan_exposure(loan, event.day) > 0
    return max(event.day, event.closed_day) if has_principal else event.closed_day


def _ended(end: LoanEnd) -> tuple[int, str]:
    return end.day, end.ref


def _note_end(borrower: Borrower, loan: Loan, event: LoanClosed) -> int:
    """Note what an end may mean: a measure, a sale, arrears that nobody paid."""
    if event.reason == "SOLD":
        borrower.decisions.default.sales.append((loan.loan_id, _loss_of(event)))
    through = _unpaid_through(loan, event)
    is_unpaid = loan.closed_day is None and owed_through(loan, through) > 0
    if event.reason == "REFINANCED" or (event.reason == "CANCELLED" and is_unpaid):
        return take_measure(borrower, loan.loan_id, event.closed_day)
    return hold_labels(borrower, event.closed_day) if is_unpaid else 0


def _loss_of(event: LoanClosed) -> int:
    """Return the share of a claim that was lost in its sale, `UNKNOWN_LOSS` without a price."""
    if not event.claim_micro or event.price_micro is None:
        return UNKNOWN_LOSS
    return max(0, MICRO - event.price_micro * MICRO // event.claim_micro)


def set_written_off_flag(borrower: Borrower) -> None:
    """Set or clear WRITTEN_OFF by the claims that are open now."""
    is_open = any(loan.has_open_claim for loan in borrower.loans)
    risk = borrower.risk
    risk.flags = risk.flags | WRITTEN_OFF if is_open else risk.flags & ~WRITTEN_OFF


def take_back_promise(borrower: Borrower, ref: str) -> int:
    """Take a promise back."""
    promises = borrower.promises
    return touched.PROMISES if remove_row(promises.refs, promises.columns(), ref) else 0


def promise(borrower: Borrower, event: PromiseMade) -> int:
    """Record a promise to pay."""
    promises = borrower.promises
    index = row_index(promises.days, promises.refs, event.promise_day, event.ref)
    promises.days.insert(index, event.promise_day)
    promises.made_days.insert(index, event.made_day)
    promises.minor.insert(index, event.promised_minor)
    promises.loans.insert(index, event.loan_id)
    promises.refs.insert(index, event.ref)
    return touched.PROMISES


def dispute(borrower: Borrower, event: ClaimDisputed) -> int:
    """Open or settle a dispute about a part of a loan's instalments."""
    loan = borrower.loan(event.loan_id, event.currency)
    exclusion = next(
        (
            known
            for known in loan.exclusions
            if known.name == event.dispute_id and not known.is_technical
        ),
        None,
    )
    if exclusion is None:
        exclusion = ArrearsExclusion(event.dispute_id, event.raised_day)
        loan.exclusions.append(exclusion)
        loan.exclusions.sort(key=_begun)
    elif event.correction_kind != NO_CORRECTION:
        exclusion.from_day = event.raised_day
        loan.exclusions.sort(key=_begun)
    if event.status == OPEN and exclusion.is_settled:
        return 0  # it came after the word that settled it
    if event.status == OPEN:
        hold_labels(borrower, event.raised_day)
    exclusion.minor = event.disputed_minor
    exclusion.due_day = event.due_day
    if event.status == UPHELD:
        exclusion.from_day, exclusion.until_day = 1, 0  # it was never owed
        exclusion.is_settled = True
    elif event.status != OPEN:
        exclusion.until_day = exclusion.from_day  # it was owed on those days too
        exclusion.is_settled = True
    return touched.LOANS | touched.PAST | touched.DECISIONS


def _begun(exclusion: ArrearsExclusion) -> tuple[int, str]:
    return exclusion.from_day, exclusion.name


def exclude_technical(borrower: Borrower, event: OverrideApproved) -> None:
    """Exclude the arrears of a loan, or of all, on the days of an approved decision.

    An earlier decision of the same name is replaced.
    """
    for loan in borrower.loans:
        loan.exclusions = [
            exclusion
            for exclusion in loan.exclusions
            if not (exclusion.is_technical and exclusion.name == event.override_id)
        ]
        if event.loan_id in ("", loan.loan_id):
            loan.exclusions.append(
                ArrearsExclusion(
                    event.override_id,
                    event.effective_day,
                    until_day=event.expires_day or 0,
                    is_technical=True,
                )
            )
    borrower.changed |= LOANS_PART


def set_dispute_flag(borrower: Borrower) -> None:
    """Set or clear DISPUTED by the disputes that are open now."""
    is_open = any(
        not exclusion.is_technical and not exclusion.is_settled
        for loan in borrower.loans
        for exclusion in loan.exclusions
    )
    risk = borrower.risk
    risk.flags = risk.flags | DISPUTED if is_open else risk.flags & ~DISPUTED
