"""Names what a signal is about, each with its amount and evidence: the worst first.

Declared as an indicator's evidence (`About`) where its figure belongs to a loan, a line, a party, a
covenant and the like. Called only when an assessment is written or a state changes. Must stay true:
reads facts, changes nothing.
"""

from typing import Final

from services.scoring.domain.arrears import days_past_due, facility_use
from services.scoring.domain.arrears.instalments import (
    NEXT_DUE_DAYS,
    is_open,
    next_due_day,
    regular_instalment,
    unpaid_through,
)
from services.scoring.domain.borrower.borrower import (
    FAILED_COLLECTION,
    RETURNED_OUTGOING,
    Borrower,
    Facility,
    Loan,
)
from services.scoring.domain.borrower.credit_file import Covenant, related_state_of
from services.scoring.domain.borrower.reasons import (
    ACCOUNT,
    COLLATERAL,
    CONCESSION,
    COVENANT,
    DUE,
    FINDING,
    ITEM,
    LINE,
    LOAN,
    PARTY,
    REFINANCED_LOAN,
    Subject,
)
from services.scoring.domain.borrower.risk import CLOSED, STATE_NAMES, WATCH
from services.scoring.domain.primitives.measurement import MICRO
from services.scoring.domain.rulebook.rulebook import Rules
from services.scoring.domain.views import credit_file

MOST_REFS: Final = 5
# The window in which count items that came back.
ITEM_DAYS: Final = 30


def late_loans(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the loans and lines in arrears, the oldest open instalment first.

    The evidence is the schedule by which the instalment is due, then the newest payments.
    """
    late = [_late_loan(loan, as_of, rules) for loan in borrower.loans if loan.due_days]
    late += [_late_line(borrower, line, as_of, rules) for line in borrower.facilities]
    return sorted(
        (subject for subject in late if subject is not None),
        key=lambda subject: (subject.since, -subject.minor, subject.id),
    )


def _known(ref: str) -> list[str]:
    """Return the event as evidence, nothing where none is known."""
    return [ref] if ref else []


def _late_loan(loan: Loan, as_of: int, rules: Rules) -> Subject | None:
    since = days_past_due.oldest_unpaid_day(loan, as_of, rules.tolerance)
    if since is None or since >= as_of:
        return None
    return Subject(
        kind=LOAN,
        id=loan.loan_id,
        minor=days_past_due.past_due(loan, as_of),
        currency=loan.currency,
        since=since,
        refs=(_known(loan.schedule_ref) + loan.paid_refs[::-1])[:MOST_REFS],
    )


def _late_line(borrower: Borrower, line: Facility, as_of: int, rules: Rules) -> Subject | None:
    days = days_past_due.line_days(line, as_of, rules.tolerance)
    if days <= 0:
        return None
    return Subject(
        kind=LINE,
        id=line.facility_id,
        minor=facility_use.past_due(line, as_of),
        currency=line.currency,
        since=as_of - days,
        refs=_line_refs(borrower),
    )


def _line_refs(borrower: Borrower) -> list[str]:
    """Return the newest balances of lines; events are kept for all lines together."""
    return borrower.evidence.facilities[::-1][:MOST_REFS]


def paid_loans(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the loans in arrears; where none is any more, those last paid, newest first."""
    late = late_loans(borrower, as_of, rules)
    if late:
        return late
    paid = sorted(
        (loan for loan in borrower.loans if loan.paid_days),
        key=lambda loan: (-loan.paid_days[-1], loan.loan_id),
    )
    return [
        Subject(kind=LOAN, id=loan.loan_id, refs=loan.paid_refs[::-1][:MOST_REFS]) for loan in paid
    ]


def used_lines(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the lines with what is drawn, the most first."""
    drawn = [(facility_use.drawn_on(line, as_of) or 0, line) for line in borrower.facilities]
    return [
        Subject(
            kind=LINE,
            id=line.facility_id,
            minor=minor,
            currency=line.currency,
            refs=_line_refs(borrower),
        )
        for minor, line in sorted(drawn, key=lambda row: (-row[0], row[1].facility_id))
    ]


def exceeded_lines(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the lines above what may be drawn, the longest excess first."""
    subjects = []
    for line in borrower.facilities:
        since = facility_use.excess_since(line, as_of)
        if since is not None:
            subjects.append(
                Subject(
                    kind=LINE,
                    id=line.facility_id,
                    minor=facility_use.past_due(line, as_of),
                    currency=line.currency,
                    since=since,
                    refs=_line_refs(borrower),
                )
            )
    return sorted(subjects, key=lambda subject: (subject.since, subject.id))


def failed_items(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the collections of 30 days that failed for lack of funds, newest first."""
    return _items(borrower, as_of, FAILED_COLLECTION)


def returned_items(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the borrower's own items of 30 days returned for lack of funds, newest first."""
    return _items(borrower, as_of, RETURNED_OUTGOING)


def _items(borrower: Borrower, as_of: int, kind: int) -> list[Subject]:
    bounces = borrower.bounces
    positions = bounces.of_kind(kind, as_of - ITEM_DAYS + 1, as_of)
    return [
        Subject(
            kind=ITEM,
            id=bounces.refs[index],
            minor=bounces.minor[index],
            currency=borrower.profile.reporting_currency,
            since=bounces.days[index],
            refs=[bounces.refs[index]],
        )
        for index in reversed(positions)
    ]


def loans_due_next(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the loans with what is unpaid through their next due day, the nearest first.

    Without one that is near, the day on which the oldest unpaid instalment fell due.
    """
    subjects = []
    for loan in borrower.loans:
        if not is_open(loan, borrower.profile.reporting_currency) or not loan.due_days:
            continue
        day = next_due_day(loan, as_of, NEXT_DUE_DAYS)
        if day is None:
            day = days_past_due.oldest_unpaid_day(loan, as_of, rules.tolerance)
        if day is not None:
            subjects.append(
                Subject(
                    kind=LOAN,
                    id=loan.loan_id,
                    minor=unpaid_through(loan, max(day, as_of)),
                    currency=loan.currency,
                    since=day,
                    detail=DUE if day >= as_of else "",
                    refs=_known(loan.schedule_ref) + borrower.evidence.balances[::-1][:2],
                )
            )
    return sorted(subjects, key=lambda subject: (subject.since, subject.id))


def loans_by_instalment(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the loans with the instalment that each takes regularly, the largest first."""
    subjects = []
    for loan in borrower.loans:
        regular = regular_instalment(loan, as_of)
        if regular is not None and is_open(loan, borrower.profile.reporting_currency):
            subjects.append(
                Subject(
                    kind=LOAN,
                    id=loan.loan_id,
                    minor=regular.minor,
                    currency=loan.currency,
                    since=regular.day,
                    detail=DUE,
                    refs=_known(loan.schedule_ref) + borrower.evidence.balances[::-1][:2],
                )
            )
    return sorted(subjects, key=lambda subject: (-subject.minor, subject.id))


def blocked_accounts(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the accounts that are seized or blocked by law, the oldest block first."""
    blocked = sorted(
        (account for account in borrower.accounts if account.block_kind),
        key=lambda account: (account.block_day, account.account_id),
    )
    return [
        Subject(
            kind=ACCOUNT,
            id=account.account_id,
            since=account.block_day,
            detail=account.block_kind,
            refs=_known(account.block_ref),
        )
        for account in blocked
    ]


def conceded_loans(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the loans with a concession, the newest first."""
    conceded = sorted(
        (loan for loan in borrower.loans if loan.concession_days),
        key=lambda loan: (-loan.concession_days[-1], loan.loan_id),
    )
    return [_conceded_loan(loan) for loan in conceded]


def _conceded_loan(loan: Loan) -> Subject:
    """Return a loan with a concession: the loan that refinanced it, or its eased terms."""
    for end in loan.ends:
        if end.successor and end.day == loan.concession_days[-1]:
            return Subject(
                kind=REFINANCED_LOAN, id=loan.loan_id, detail=end.successor, refs=[end.ref]
            )
    return Subject(kind=LOAN, id=loan.loan_id, detail=CONCESSION, refs=_known(loan.schedule_ref))


def weak_guarantors(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the guarantors on watch or worse with what they guarantee, the worst first."""
    guarantors = credit_file.guarantors_in_force(borrower, as_of)
    rows = []
    for guarantor in guarantors:
        party = _party(borrower, guarantor.guarantor_id)
        if party is not None:
            state, subject = party
            subject.minor, subject.currency = guarantor.covered_minor, guarantor.currency
            rows.append((-state, subject.id, subject))
    return [subject for _, _, subject in sorted(rows, key=lambda row: row[:2])]


def troubled_group(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the connected clients on watch or worse, the worst first."""
    names = sorted({link.linked_id for link in credit_file.links_in_force(borrower, as_of)})
    rows = [row for name in names if (row := _party(borrower, name)) is not None]
    return [subject for _, subject in sorted(rows, key=lambda row: (-row[0], row[1].id))]


def _party(borrower: Borrower, party_id: str) -> tuple[int, Subject] | None:
    reported = related_state_of(borrower.credit_file, party_id)
    if reported is None or not WATCH <= reported.state < CLOSED:
        return None
    return reported.state, Subject(
        kind=PARTY,
        id=party_id,
        since=reported.since,
        detail=STATE_NAMES[reported.state],
        refs=_known(reported.ref),
    )


def tight_covenants(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the covenants with figure and limit, the one with the least headroom first.

    One that is still broken after its cure period comes before all others.
    """
    covenants = sorted(
        borrower.credit_file.covenants,
        key=lambda each: (not credit_file.is_uncured(each, as_of), *_tightest_first(each)),
    )
    return [
        Subject(
            kind=COVENANT,
            id=covenant.covenant_id,
            since=covenant.test_day,
            detail=covenant.metric,
            figure=covenant.actual_micro,
            limit=covenant.limit_micro,
            is_ceiling=covenant.is_ceiling,
            refs=[covenant.ref],
        )
        for covenant in covenants
    ]


def _tightest_first(covenant: Covenant) -> tuple[int, str]:
    room = credit_file.headroom(covenant)
    return MICRO if room is None else room, covenant.covenant_id


def valued_collateral(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the collateral with its value, the newest valuation first."""
    pieces = sorted(
        borrower.credit_file.collateral, key=lambda piece: (-piece.valued_day, piece.collateral_id)
    )
    return [
        Subject(
            kind=COLLATERAL,
            id=piece.collateral_id,
            minor=piece.value_minor,
            currency=piece.currency,
            since=piece.valued_day,
            refs=[piece.ref],
        )
        for piece in pieces
    ]


def open_findings(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the open findings of officers, the worst first."""
    findings = sorted(
        borrower.credit_file.findings,
        key=lambda finding: (-finding.severity, -finding.day, finding.finding_id),
    )
    return [
        Subject(
            kind=FINDING,
            id=finding.finding_id,
            since=finding.day,
            detail=finding.code,
            refs=[finding.ref],
        )
        for finding in findings
    ]


def reporters(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return who reported trouble elsewhere, with the amount, newest first."""
    reports = sorted(
        borrower.credit_file.reports, key=lambda report: (-report.day, report.reporter)
    )
    return [
        Subject(
            kind=PARTY,
            id=report.reporter,
            minor=max(0, report.amount_minor),
            currency=report.currency if report.amount_minor > 0 else "",
            since=report.day,
            refs=[report.ref],
        )
        for report in reports
    ]


def drawn_loans(borrower: Borrower, as_of: int, rules: Rules) -> list[Subject]:
    """Return the loans that were drawn lately, the newest drawdown first."""
    drawdowns = borrower.drawdowns
    rows = zip(drawdowns.days, drawdowns.loans, drawdowns.refs, strict=True)
    refs: dict[str, list[str]] = {}
    for _, loan_id, ref in sorted(rows, reverse=True):
        refs.setdefault(loan_id, []).append(ref)
    return [Subject(kind=LOAN, id=name, refs=of[:MOST_REFS]) for name, of in refs.items()]
