"""Applies events of the credit file: profile, collateral, covenants, links, reports, findings.

Must stay true: what arrives late or out of order changes nothing that a newer event has stated.

Joint obligors (EBA/GL/2016/07 section 7.4): several debtors who are jointly obliged are an obligor
of their own. A link JOINT_OBLIGATION leads from a person to that obligor, links JOINT_MEMBER lead
from it to each person. The default of the joint obligation does not default its members; when all
members are in default, it is. Two flags record that; the rulebook decides what they lead to. These
flags come from what others reported, so they are no part of the own state that is passed on (see
`contagion`).
"""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.credit_file import (
    NOT_REPORTED,
    Collateral,
    Covenant,
    CreditFile,
    Dependant,
    Finding,
    GroupLink,
    Guarantor,
    RelatedState,
    Report,
    party_digest,
    related_state_of,
)
from services.scoring.domain.borrower.risk import (
    DEFAULT,
    INSOLVENT,
    JOINT_MEMBERS_DEFAULT,
    JOINT_OBLIGATION_DEFAULT,
    LEGAL,
    OFFICER_SIGNAL,
)
from services.scoring.domain.events.credit_file import (
    BorrowerRegistered,
    CollateralValued,
    CovenantCertified,
    DependantLinked,
    ExternalDelinquencyReported,
    FindingRaised,
    GroupLinked,
    GuarantorLinked,
    InspectionRecorded,
    RelatedPartiesDeclared,
    RelatedStateChanged,
)
from services.scoring.domain.events.event import Event
from services.scoring.domain.handlers.accounts import account_of, know_from
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import (
    ARREARS_ELSEWHERE,
    CLEARED,
    COURT,
    INSOLVENCY,
    JOINT_MEMBER,
    JOINT_OBLIGATION,
)
from services.scoring.domain.views.credit_file import links_in_force, reported_state

MOST_REPORTS: Final = 24
MOST_FINDINGS: Final = 40
# A finding of this code that is settled explains where the money of a loan went.
USE_OF_PROCEEDS: Final = "USE_OF_PROCEEDS"
# From this severity on (0 to 4) a finding is a signal of its own (domain 4.2).
SIGNAL_SEVERITY: Final = 2
JOINT_KINDS: Final = (JOINT_OBLIGATION, JOINT_MEMBER)
JOINT_FLAGS: Final = JOINT_OBLIGATION_DEFAULT | JOINT_MEMBERS_DEFAULT


def register(borrower: Borrower, event: BorrowerRegistered) -> int:
    """Record the profile; a later registration replaces what it states."""
    profile = borrower.profile
    if not profile.known_day or event.day < profile.known_day:
        profile.known_day = event.day
    profile.segment = event.segment
    profile.reporting_currency = event.reporting_currency
    profile.country = event.country
    profile.industry_code = event.industry_code
    profile.legal_form = event.legal_form
    profile.start_day = event.start_day
    profile.group_id = event.group_id
    profile.status = event.status
    profile.origination_pd_micro = event.origination_pd_micro
    profile.rating = event.rating
    profile.officer_id = event.officer_id
    profile.branch_id = event.branch_id
    profile.current_pd_micro = event.current_pd_micro
    for account_id in event.account_ids:
        account_of(borrower, account_id)
        know_from(borrower.flows, event.day)
    return touched.EVERYTHING


def value_collateral(borrower: Borrower, event: CollateralValued) -> int:
    """Store the newest valuation of a piece; drop one that was released."""
    pieces = borrower.credit_file.collateral
    known = next((piece for piece in pieces if piece.collateral_id == event.collateral_id), None)
    if known is not None and event.valued_day < known.valued_day and not _amends(event, known):
        return 0
    if event.is_released:
        if known is None:
            return 0
        pieces.remove(known)
        return touched.COLLATERAL
    piece = Collateral(
        collateral_id=event.collateral_id,
        ref=event.ref,
        loan_ids=event.loan_ids,
        kind=event.kind,
        is_residential=event.is_residential,
        value_minor=event.value_minor,
        currency=event.currency,
        valued_day=event.valued_day,
        haircut_micro=event.haircut_micro,
        limit_micro=event.limit_micro,
        registered_until=event.registered_until,
        insured_until=event.insured_until,
        permitted_until=event.permitted_until,
        is_double_pledged=event.is_double_pledged,
    )
    if known is None:
        pieces.append(piece)
        pieces.sort(key=_piece_id)
    else:
        pieces[pieces.index(known)] = piece
    return touched.COLLATERAL


def certify_covenant(borrower: Borrower, event: CovenantCertified) -> int:
    """Store the newest test of a covenant and the figure of the test before it."""
    covenants = borrower.credit_file.covenants
    known = next((known for known in covenants if known.covenant_id == event.covenant_id), None)
    is_same_test = known is not None and (event.test_day == known.test_day or _amends(event, known))
    if known is not None and event.test_day < known.test_day and not is_same_test:
        if event.test_day <= known.earlier_day:
            return 0
        known.earlier_day, known.earlier_micro = event.test_day, event.actual_micro
        return touched.COVENANTS
    covenant = Covenant(
        covenant_id=event.covenant_id,
        ref=event.ref,
        metric=event.metric,
        is_ceiling=event.is_ceiling,
        limit_micro=event.limit_micro,
        actual_micro=event.actual_micro,
        test_day=event.test_day,
        certificate_day=event.certificate_day,
        cure_until=event.cure_until,
        is_waiver_asked=event.is_waiver_asked,
        next_due_day=event.next_due_day,
    )
    if known is None:
        covenants.append(covenant)
        covenants.sort(key=_covenant_id)
        return touched.COVENANTS
    if is_same_test:
        covenant.earlier_day, covenant.earlier_micro = known.earlier_day, known.earlier_micro
    else:
        covenant.earlier_day, covenant.earlier_micro = known.test_day, known.actual_micro
    covenants[covenants.index(known)] = covenant
    return touched.COVENANTS


def _amends(event: Event, known: Collateral | Covenant | Report) -> bool:
    """Return whether the event corrects what is on file, so that its own day decides nothing."""
    return known.ref == event.corrected_ref


def _piece_id(piece: Collateral) -> str:
    return piece.collateral_id


def _covenant_id(covenant: Covenant) -> str:
    return covenant.covenant_id


def _raised(finding: Finding) -> tuple[int, str]:
    return finding.day, finding.finding_id


def _reported(report: Report) -> tuple[int, str, int]:
    return report.day, report.reporter, report.kind


def link_guarantor(borrower: Borrower, event: GuarantorLinked) -> int:
    """Store a guarantor; a newer event about the same one replaces it."""
    if event.guarantor_id == borrower.borrower_id:
        return 0
    file = borrower.credit_file
    guarantor = Guarantor(
        guarantor_id=event.guarantor_id,
        ref=event.ref,
        covered_minor=event.covered_minor,
        currency=event.currency,
        from_day=event.from_day,
        until=event.until,
        loan_ids=event.loan_ids,
    )
    for index, known in enumerate(file.guarantors):
        if known.guarantor_id == event.guarantor_id:
            file.guarantors[index] = guarantor
            return touched.LINKS
    file.guarantors.append(guarantor)
    return touched.LINKS


def link_group(borrower: Borrower, event: GroupLinked) -> int:
    """Store a borrower whose trouble carries over; one link of each kind to one borrower."""
    if event.linked_id == borrower.borrower_id:
        return 0
    link = GroupLink(
        linked_id=event.linked_id,
        ref=event.ref,
        kind=event.kind,
        strength_micro=event.strength_micro,
        from_day=event.from_day,
        until=event.until,
    )
    links = borrower.credit_file.links
    for index, known in enumerate(links):
        if known.linked_id == event.linked_id and known.kind == event.kind:
            links[index] = link
            return touched.LINKS
    links.append(link)
    return touched.LINKS


def link_dependant(borrower: Borrower, event: DependantLinked) -> int:
    """Store a borrower that must receive this borrower's state."""
    if event.dependant_id == borrower.borrower_id:
        return 0
    dependants = borrower.credit_file.dependants
    for known in dependants:
        if known.dependant_id == event.dependant_id:
            known.kind = event.kind
            return touched.DEPENDANTS
    dependants.append(Dependant(event.dependant_id, event.kind))
    return touched.DEPENDANTS


def expect_related_state(file: CreditFile, related_id: str) -> bool:
    """Expect a linked borrower's state; return whether it was not expected before."""
    if related_state_of(file, related_id) is not None:
        return False
    file.related.append(RelatedState(related_id, "", NOT_REPORTED, 0))
    return True


def change_related_state(borrower: Borrower, event: RelatedStateChanged) -> int:
    """Store a linked borrower's state; that of a stranger is not expected.

    One that was lost and is sent again after a newer one changes nothing.
    """
    known = related_state_of(borrower.credit_file, event.related_id)
    if known is None or _sent_number(event.ref) < _sent_number(known.ref):
        return 0
    known.ref = event.ref
    known.state, known.since = event.state, event.since
    return touched.LINKS


def _sent_number(ref: str) -> int:
    """Return the number at the end of an id that scoring gave, which counts what a sender sent."""
    number = ref.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


def declare_related_parties(borrower: Borrower, event: RelatedPartiesDeclared) -> int:
    """Store who belongs to the borrower's circle; a later declaration replaces the earlier one."""
    file = borrower.credit_file
    file.related_parties = sorted({party_digest(name) for name in event.counterparty_ids})
    file.declared_ref = event.ref
    return touched.LINKS


def report_delinquency(borrower: Borrower, event: ExternalDelinquencyReported) -> int:
    """Store the newest report of each reporter: one of arrears, one of court, one of insolvency."""
    file = borrower.credit_file
    matter = _matter(event.kind)
    if event.kind == CLEARED:
        reports = [
            report
            for report in file.reports
            if report.reporter != event.reporter or report.day > event.report_day
        ]
    else:
        same = [
            report
            for report in file.reports
            if report.reporter == event.reporter
            and (_matter(report.kind) == matter or _amends(event, report))
        ]
        if any(report.day > event.report_day and not _amends(event, report) for report in same):
            return 0
        reports = [report for report in file.reports if report not in same]
        reports.append(_report(event))
        reports.sort(key=_reported)
        del reports[:-MOST_REPORTS]
    _mark(borrower, file.reports, reports)
    file.reports = reports
    return touched.EXTERNAL


def _report(event: ExternalDelinquencyReported) -> Report:
    return Report(
        reporter=event.reporter,
        kind=event.kind,
        ref=event.ref,
        day=event.report_day,
        days_past_due=event.days_past_due,
        amount_minor=event.amount_minor,
        currency=event.currency,
    )


def _matter(kind: int) -> int:
    """Return what a report is about; default and write-off are arrears that went on."""
    return kind if kind in (INSOLVENCY, COURT) else ARREARS_ELSEWHERE


def _mark(borrower: Borrower, before: list[Report], after: list[Report]) -> None:
    """Set the flags that the reports carry, and take back those that they carried."""
    for kind, flag in ((INSOLVENCY, INSOLVENT), (COURT, LEGAL)):
        if any(report.kind == kind for report in after):
            borrower.risk.flags |= flag
        elif any(report.kind == kind for report in before):
            borrower.risk.flags &= ~flag


def raise_finding(borrower: Borrower, event: FindingRaised) -> int:
    """Store an open finding as it was raised last; drop a settled one.

    Raised again under its id, the finding with the newest `raised_date` counts, however late the
    older event comes; of two on one day the later event counts. An amendment of what is on file
    replaces it, also with an earlier day. A settlement ends it, whichever of its days it names.
    """
    findings = borrower.credit_file.findings
    if event.is_settled and event.code == USE_OF_PROCEEDS:
        borrower.credit_file.proceeds_explained_day = event.day
    known = next((each for each in findings if each.finding_id == event.finding_id), None)
    if known is None and event.is_settled:
        return touched.INSPECTIONS if event.code == USE_OF_PROCEEDS else 0
    if known is not None and not event.is_settled and _is_older(event, known):
        return 0
    findings = [finding for finding in findings if finding is not known]
    if not event.is_settled:
        findings.append(
            Finding(event.finding_id, event.ref, event.code, event.severity, event.raised_day)
        )
        findings.sort(key=_raised)
        del findings[:-MOST_FINDINGS]
    borrower.credit_file.findings = findings
    _mark_officer_signal(borrower)
    return touched.INSPECTIONS


def _is_older(event: FindingRaised, known: Finding) -> bool:
    """Return whether a newer finding than the event's is on file, which it does not correct."""
    return known.ref != event.corrected_ref and event.raised_day < known.day


def record_inspection(borrower: Borrower, event: InspectionRecorded) -> int:
    """Store the newest inspection."""
    file = borrower.credit_file
    is_replaced = file.inspection_ref == event.corrected_ref
    if event.inspection_day < file.inspected_day and not is_replaced:
        return 0
    file.inspected_day = event.inspection_day
    # What was announced before this event came may not have been due; the next close decides.
    file.announced_day = 0
    file.inspection_outcome = event.outcome
    file.inspection_due_day = event.next_due_day
    file.inspection_ref = event.ref
    _mark_officer_signal(borrower)
    return touched.INSPECTIONS


def worst_found(file: CreditFile) -> int:
    """Return the worst severity of the newest inspection and the open findings."""
    return max([file.inspection_outcome, *(finding.severity for finding in file.findings)])


def overdue_since(file: CreditFile) -> int | None:
    """Return since when the next inspection is due, announced or set by an officer."""
    if file.announced_day > file.inspected_day:
        return file.announced_day
    return file.inspection_due_day or None


def _mark_officer_signal(borrower: Borrower) -> None:
    if worst_found(borrower.credit_file) >= SIGNAL_SEVERITY:
        borrower.risk.flags |= OFFICER_SIGNAL
    else:
        borrower.risk.flags &= ~OFFICER_SIGNAL


def forget_before(file: CreditFile, day: int) -> None:
    """Drop links that ended before the day and the states that no link needs any more."""
    if not (file.guarantors or file.links):
        return
    file.guarantors = [each for each in file.guarantors if not 0 < each.until <= day]
    file.links = [link for link in file.links if not 0 < link.until <= day]
    needed = {guarantor.guarantor_id for guarantor in file.guarantors}
    needed.update(link.linked_id for link in file.links)
    file.related = [state for state in file.related if state.related_id in needed]


def set_joint_flags(borrower: Borrower, day: int) -> bool:
    """Set and clear the flags by what joint obligors reported last; return whether any moved."""
    obligations: list[bool] = []
    members: list[bool] = []
    for link in links_in_force(borrower, day):
        if link.kind in JOINT_KINDS:
            is_in_default = reported_state(borrower, link.linked_id) == DEFAULT
            (obligations if link.kind == JOINT_OBLIGATION else members).append(is_in_default)
    flags = JOINT_OBLIGATION_DEFAULT if any(obligations) else 0
    if members and all(members):
        flags |= JOINT_MEMBERS_DEFAULT
    before, borrower.risk.flags = borrower.risk.flags, borrower.risk.flags & ~JOINT_FLAGS | flags
    return borrower.risk.flags != before
