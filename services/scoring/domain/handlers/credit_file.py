"""Take events into the credit file: collateral, covenants, links, reports, findings, inspections.

Called by `fold`, one function per event type; each returns the kinds of fact it touched, 0 where
the file knows better already. Must stay true: what arrives late or out of order changes nothing
that a newer event has said.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

from services.scoring.domain.borrower.borrower import Borrower, event_ref
from services.scoring.domain.borrower.credit_file import (
    NOT_TOLD,
    Collateral,
    Covenant,
    CreditFile,
    Dependant,
    Finding,
    GroupLink,
    Guarantor,
    RelatedState,
    Report,
    related_state_of,
)
from services.scoring.domain.borrower.risk import INSOLVENT, LEGAL, OFFICER_SIGNAL
from services.scoring.domain.events.accounts import LimitChanged
from services.scoring.domain.events.control import SectorStressPublished
from services.scoring.domain.events.credit_file import (
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
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.vocabulary import (
    ARREARS_ELSEWHERE,
    CLEARED,
    COURT,
    INSOLVENCY,
)

MOST_REPORTS: Final = 24
MOST_FINDINGS: Final = 40
# From this severity on (0 to 4) what an officer found is a signal of its own (domain 4.2).
SIGNAL_SEVERITY: Final = 2


def value_collateral(borrower: Borrower, event: CollateralValued) -> int:
    """Keep the newest valuation of a piece; one that was released goes."""
    pieces = borrower.credit_file.collateral
    known = next((one for one in pieces if one.collateral_id == event.collateral_id), None)
    if known is not None and event.valued_day < known.valued_day:
        return 0
    if event.is_released:
        if known is None:
            return 0
        pieces.remove(known)
        return touched.COLLATERAL
    piece = Collateral(
        collateral_id=event.collateral_id,
        ref=event_ref(event.source, event.id),
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
    """Keep the newest test of a covenant and the figure of the one before it."""
    covenants = borrower.credit_file.covenants
    known = next((one for one in covenants if one.covenant_id == event.covenant_id), None)
    if known is not None and event.test_day < known.test_day:
        if event.test_day <= known.earlier_day:
            return 0
        known.earlier_day, known.earlier_micro = event.test_day, event.actual_micro
        return touched.COVENANTS
    covenant = Covenant(
        covenant_id=event.covenant_id,
        ref=event_ref(event.source, event.id),
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
    if event.test_day == known.test_day:
        covenant.earlier_day, covenant.earlier_micro = known.earlier_day, known.earlier_micro
    else:
        covenant.earlier_day, covenant.earlier_micro = known.test_day, known.actual_micro
    covenants[covenants.index(known)] = covenant
    return touched.COVENANTS


def _piece_id(piece: Collateral) -> str:
    return piece.collateral_id


def _covenant_id(covenant: Covenant) -> str:
    return covenant.covenant_id


def _raised(finding: Finding) -> tuple[int, str]:
    return finding.day, finding.finding_id


def _reported(report: Report) -> tuple[int, str, int]:
    return report.day, report.reporter, report.kind


def link_guarantor(borrower: Borrower, event: GuarantorLinked) -> int:
    """Keep who stands in; the newest word about a guarantor replaces the one before."""
    if event.guarantor_id == borrower.borrower_id:
        return 0
    file = borrower.credit_file
    guarantor = Guarantor(
        guarantor_id=event.guarantor_id,
        ref=event_ref(event.source, event.id),
        covered_minor=event.covered_minor,
        currency=event.currency,
        from_day=event.from_day,
        until=event.until,
        loan_ids=event.loan_ids,
    )
    for place, one in enumerate(file.guarantors):
        if one.guarantor_id == event.guarantor_id:
            file.guarantors[place] = guarantor
            return touched.LINKS
    file.guarantors.append(guarantor)
    return touched.LINKS


def link_group(borrower: Borrower, event: GroupLinked) -> int:
    """Keep whose trouble carries over; one link of each kind to one borrower."""
    if event.linked_id == borrower.borrower_id:
        return 0
    link = GroupLink(
        linked_id=event.linked_id,
        ref=event_ref(event.source, event.id),
        kind=event.kind,
        strength_micro=event.strength_micro,
        from_day=event.from_day,
        until=event.until,
    )
    links = borrower.credit_file.links
    for place, one in enumerate(links):
        if one.linked_id == event.linked_id and one.kind == event.kind:
            links[place] = link
            return touched.LINKS
    links.append(link)
    return touched.LINKS


def link_dependant(borrower: Borrower, event: DependantLinked) -> int:
    """Keep who must be told this borrower's state."""
    if event.dependant_id == borrower.borrower_id:
        return 0
    dependants = borrower.credit_file.dependants
    for one in dependants:
        if one.dependant_id == event.dependant_id:
            one.kind = event.kind
            return touched.DEPENDANTS
    dependants.append(Dependant(event.dependant_id, event.kind))
    return touched.DEPENDANTS


def await_related_state(file: CreditFile, related_id: str) -> bool:
    """Make room for a linked borrower's state; return whether it was not asked for before."""
    if related_state_of(file, related_id) is not None:
        return False
    file.related.append(RelatedState(related_id, "", NOT_TOLD, 0))
    return True


def take_related_state(borrower: Borrower, event: RelatedStateChanged) -> int:
    """Keep a linked borrower's state; nobody asked for that of a stranger."""
    known = related_state_of(borrower.credit_file, event.related_id)
    if known is None:
        return 0
    known.ref = event_ref(event.source, event.id)
    known.state, known.since = event.state, event.since
    return touched.LINKS


def declare_related_parties(borrower: Borrower, event: RelatedPartiesDeclared) -> int:
    """Keep who belongs to the borrower's circle; a later declaration replaces the earlier one."""
    file = borrower.credit_file
    file.related_parties = sorted({party_digest(one) for one in event.counterparty_ids})
    file.declared_ref = event_ref(event.source, event.id)
    return touched.LINKS


def party_digest(counterparty_id: str) -> int:
    """Return the number by which a related party is known; ids may be long and many."""
    return int.from_bytes(blake2b(counterparty_id.encode(), digest_size=6).digest(), "big")


def take_report(borrower: Borrower, event: ExternalDelinquencyReported) -> int:
    """Keep the newest report of each reporter: one of arrears, one of court, one of insolvency."""
    file = borrower.credit_file
    matter = _matter(event.kind)
    if event.kind == CLEARED:
        kept = [
            one
            for one in file.reports
            if one.reporter != event.reporter or one.day > event.report_day
        ]
    else:
        same = [
            one
            for one in file.reports
            if one.reporter == event.reporter and _matter(one.kind) == matter
        ]
        if any(one.day > event.report_day for one in same):
            return 0
        kept = [one for one in file.reports if one not in same]
        kept.append(_report(event))
        kept.sort(key=_reported)
        del kept[:-MOST_REPORTS]
    _mark(borrower, file.reports, kept)
    file.reports = kept
    return touched.EXTERNAL


def _report(event: ExternalDelinquencyReported) -> Report:
    return Report(
        reporter=event.reporter,
        kind=event.kind,
        ref=event_ref(event.source, event.id),
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
        if any(one.kind == kind for one in after):
            borrower.risk.flags |= flag
        elif any(one.kind == kind for one in before):
            borrower.risk.flags &= ~flag


def raise_finding(borrower: Borrower, event: FindingRaised) -> int:
    """Keep an open finding as it was raised last; a settled one goes.

    Raised again under its id, a finding is what the newest `raised_date` says of it, however late
    the older word comes; of two on one day the last told counts. An amendment of what is on file
    replaces it, also with an earlier day. A settlement ends it, whichever of its days it names.
    """
    findings = borrower.credit_file.findings
    known = next((one for one in findings if one.finding_id == event.finding_id), None)
    if known is None and event.is_settled:
        return 0
    if known is not None and not event.is_settled and _is_older(event, known):
        return 0
    kept = [one for one in findings if one is not known]
    if not event.is_settled:
        ref = event_ref(event.source, event.id)
        kept.append(Finding(event.finding_id, ref, event.code, event.severity, event.raised_day))
        kept.sort(key=_raised)
        del kept[:-MOST_FINDINGS]
    borrower.credit_file.findings = kept
    _mark_officer_signal(borrower)
    return touched.INSPECTIONS


def _is_older(event: FindingRaised, known: Finding) -> bool:
    """Return whether a newer word than the event's is on file, which it does not correct."""
    if event.corrects_id is not None and known.ref == event_ref(event.source, event.corrects_id):
        return False
    return event.raised_day < known.day


def record_inspection(borrower: Borrower, event: InspectionRecorded) -> int:
    """Keep the newest inspection."""
    file = borrower.credit_file
    if event.inspection_day < file.inspected_day:
        return 0
    file.inspected_day = event.inspection_day
    # What was announced before we heard of it may not have been due; the next close says.
    file.announced_day = 0
    file.inspection_outcome = event.outcome
    file.inspection_due_day = event.next_due_day
    file.inspection_ref = event_ref(event.source, event.id)
    _mark_officer_signal(borrower)
    return touched.INSPECTIONS


def worst_found(file: CreditFile) -> int:
    """Return the worst severity that stands: of the newest inspection and the open findings."""
    return max([file.inspection_outcome, *(one.severity for one in file.findings)])


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
    """Drop links that ended before the day and the states that nobody asks for any more."""
    if not (file.guarantors or file.links):
        return
    file.guarantors = [one for one in file.guarantors if not 0 < one.until <= day]
    file.links = [one for one in file.links if not 0 < one.until <= day]
    asked = {one.guarantor_id for one in file.guarantors}
    asked.update(one.linked_id for one in file.links)
    file.related = [one for one in file.related if one.related_id in asked]


# Any: each function takes its own event type, and the table is keyed by exactly that type.
TAKE: Final[dict[type[Event], Callable[[Borrower, Any], int]]] = {
    CollateralValued: value_collateral,
    CovenantCertified: certify_covenant,
    GuarantorLinked: link_guarantor,
    GroupLinked: link_group,
    DependantLinked: link_dependant,
    RelatedStateChanged: take_related_state,
    RelatedPartiesDeclared: declare_related_parties,
    ExternalDelinquencyReported: take_report,
    FindingRaised: raise_finding,
    InspectionRecorded: record_inspection,
}
# Of all events of the credit file, also those that others take in.
TYPE_NAMES: Final[dict[type[Event], str]] = {
    CollateralValued: "collateral.valued.v1",
    CovenantCertified: "covenant.certified.v1",
    GuarantorLinked: "guarantor.linked.v1",
    GroupLinked: "group.linked.v1",
    DependantLinked: "dependant.linked.v1",
    RelatedStateChanged: "related-state.changed.v1",
    RelatedPartiesDeclared: "related-parties.declared.v1",
    ExternalDelinquencyReported: "external-delinquency.reported.v1",
    FindingRaised: "finding.raised.v1",
    InspectionRecorded: "inspection.recorded.v1",
    LimitChanged: "limit.changed.v1",
    SectorStressPublished: "sector-stress.published.v1",
}
