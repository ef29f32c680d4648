"""Indicators of the credit file: security, links, reviews, covenants (C-01 to C-07, F-18).

Only the loans that collateral names are compared with it: a bank that lends without security does
so on purpose, and a borrower without collateral has no collateral indicators. Guarantors and group
count by the own state that they reported, which is never a state that they caught themselves (see
`contagion`); one that has not reported is unknown, not healthy.
"""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.credit_file import (
    Collateral,
    GroupLink,
)
from services.scoring.domain.borrower.risk import CLOSED, DEFAULT, HIGH_RISK, WATCH
from services.scoring.domain.handlers.credit_file import JOINT_KINDS, overdue_since, worst_found
from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.subjects import (
    open_findings,
    tight_covenants,
    troubled_group,
    valued_collateral,
    weak_guarantors,
)
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.measurement import (
    FLAG_AMBER,
    FLAG_NO,
    FLAG_RED,
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured,
    measured_components,
    micro_ratio,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.primitives.vocabulary import CASH_COLLATERAL, CONTROL, REAL_ESTATE
from services.scoring.domain.rulebook.classification import Classification
from services.scoring.domain.rulebook.rulebook import (
    COLLATERAL_GROUP,
    STATEMENT,
    About,
    Component,
    Rules,
)
from services.scoring.domain.views import credit_file

COLLATERAL: Final = Theme(COLLATERAL_GROUP, "coll", "COLLATERAL")
COLLATERAL_INPUTS: Final = touched.COLLATERAL | touched.FILE_DAY | touched.PROFILE
CONNECTED: Final = Theme(COLLATERAL_GROUP, "group", "GUARANTOR_GROUP")
INFORMATION: Final = Theme(COLLATERAL_GROUP, "info", "INFORMATION")


@indicator(
    "C-01",
    "Collateral covers too little",
    COLLATERAL.at(
        Classification("FINANCE", "FINANCIAL", "APPROVAL", "Collateral covers the debt well")
    ),
    (
        Component("cover", Unit.NUMBER, "collateral after haircuts, times what it secures"),
        Component("over_limit", Unit.POINTS, "loan to value less the limit agreed"),
    ),
    reads=(
        touched.COLLATERAL
        | touched.LOANS
        | touched.PAYMENTS
        | touched.DUES
        | touched.FACILITIES
        | touched.LINE_DUES
        | touched.LINE_DAY
        | touched.PROFILE
    ),
    evidence=About(valued_collateral),
)
def cover(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-01: collateral after haircuts over what it secures, and loan to value against its limit.

    Nothing owed needs no cover. Loan to value is compared only where every piece has a limit.
    """
    pieces = borrower.credit_file.collateral
    if not pieces:
        return not_applicable()
    if credit_file.has_foreign_collateral(borrower):
        return unmeasurable(Reason.NOT_COMPARABLE)
    owed = credit_file.secured_exposure(borrower, as_of)
    if owed is None:
        return unmeasurable(Reason.NO_EXPOSURE)
    if owed == 0:
        return not_applicable()
    covered = micro_ratio(credit_file.lendable(pieces), owed)
    limit = credit_file.agreed_limit(pieces)
    if limit is None:
        return measured_components([covered, None], gap=Reason.NO_LIMIT)
    value = sum(piece.value_minor for piece in pieces)
    return measured_components([covered, micro_ratio(owed, value) - limit])


@indicator(
    "C-02",
    "Valuation is old",
    COLLATERAL.at(Classification("FINANCE", "CONDUCT", "MONITORING")),
    (
        Component("months", Unit.MONTHS, "months since the oldest valuation, homes left out"),
        Component("months_homes", Unit.MONTHS, "months since the oldest valuation of a home"),
    ),
    reads=COLLATERAL_INPUTS,
    evidence=About(valued_collateral),
)
def valuation_age(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-02: months since the oldest valuation, homes apart from all other collateral.

    Cash needs no valuer and is left out.
    """
    pieces = [piece for piece in borrower.credit_file.collateral if piece.kind != CASH_COLLATERAL]
    if not pieces:
        return not_applicable()
    ages: list[int | None] = [None, None]
    for piece in pieces:
        component = 1 if _is_home(piece) else 0
        age = credit_file.months_since(piece.valued_day, as_of)
        known = ages[component]
        ages[component] = age if known is None else max(known, age)
    return measured_components(ages)


def _is_home(piece: Collateral) -> bool:
    return piece.kind == REAL_ESTATE and piece.is_residential


@indicator(
    "C-03",
    "Cover documents run out",
    COLLATERAL.at(Classification("FINANCE", "CONDUCT", "DISBURSEMENT")),
    (
        Component("days_left", Unit.DAYS, "days until registration, insurance or permit ends"),
        Component("double_pledge", Unit.FLAG, "pledged to somebody else as well"),
    ),
    reads=COLLATERAL_INPUTS,
    evidence=About(valued_collateral),
)
def documents(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-03: days until the first of registration, insurance and permits runs out; double pledge.

    A negative figure counts the days since. A day that nobody stated cannot be watched.
    """
    pieces = borrower.credit_file.collateral
    if not pieces:
        return not_applicable()
    ends = [day for piece in pieces for day in _ends(piece) if day]
    pledged = FLAG_RED if any(piece.is_double_pledged for piece in pieces) else FLAG_NO
    if not ends:
        if not pledged:
            return unmeasurable(Reason.NO_DATA)
        return measured_components([None, pledged], gap=Reason.NO_DATA)
    return measured_components([(min(ends) - as_of) * MICRO, pledged])


def _ends(piece: Collateral) -> tuple[int, int, int]:
    return piece.registered_until, piece.insured_until, piece.permitted_until


@indicator(
    "C-04",
    "Guarantor in trouble",
    CONNECTED.at(Classification("FINANCE", "FINANCIAL", "MONITORING")),
    (
        Component("state", Unit.FLAG, "worst state among the guarantors"),
        Component("share", Unit.RATIO, "share of the exposure that weak guarantors stand in for"),
    ),
    reads=(
        touched.LINKS
        | touched.LOANS
        | touched.PAYMENTS
        | touched.FACILITIES
        | touched.DUES
        | touched.LINE_DUES
        | touched.FILE_DAY
        | touched.PROFILE
    ),
    evidence=About(weak_guarantors),
)
def guarantor_state(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-04: the worst state among the guarantors, and how much of the exposure hangs on it.

    The second figure is what the guarantors on watch or worse guarantee, over the exposure, at
    most all of it: a weak guarantor of a tenth takes away a tenth.
    """
    if not borrower.credit_file.guarantors:
        return not_applicable()
    guarantors = credit_file.guarantors_in_force(borrower, as_of)
    if not guarantors:
        return not_applicable()
    states = [
        credit_file.reported_state(borrower, guarantor.guarantor_id) for guarantor in guarantors
    ]
    worst = max(_signal_of(state) for state in states)
    if not worst and None in states:
        return unmeasurable(Reason.NO_DATA)
    weak = [
        guarantor
        for guarantor, state in zip(guarantors, states, strict=True)
        if _signal_of(state) >= FLAG_AMBER
    ]
    owed = borrower.counters.exposure_minor
    currency = borrower.profile.reporting_currency
    if not owed or any(guarantor.currency != currency for guarantor in weak):
        return measured_components([worst, None], gap=Reason.NO_EXPOSURE)
    share = micro_ratio(sum(guarantor.covered_minor for guarantor in weak), owed)
    return measured_components([worst, min(MICRO, share)])


def _signal_of(state: int | None) -> int:
    """Return no, amber or red for a guarantor's state."""
    if state is None or state == CLOSED or state < WATCH:
        return 0
    return FLAG_AMBER if state == WATCH else FLAG_RED


@indicator(
    "C-05",
    "Trouble in the group",
    CONNECTED.at(Classification("FINANCE", "FINANCIAL", "MONITORING")),
    (
        Component("high_risk", Unit.RATIO, "dependency on a member in high risk or worse"),
        Component("default", Unit.RATIO, "dependency on a member in default"),
        Component("parent", Unit.FLAG, "controlling parent in default"),
    ),
    reads=touched.LINKS | touched.FILE_DAY,
    evidence=About(troubled_group),
)
def group_contagion(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-05: how much hangs on a connected client in high risk or in default; a parent in default.

    Control counts as depending wholly. A link whose strength nobody stated cannot be weighed.
    """
    links = [
        link for link in credit_file.links_in_force(borrower, as_of) if link.kind not in JOINT_KINDS
    ]
    if not links:
        return not_applicable()
    on_high_risk = on_default = parent = 0
    is_unknown = False
    for link in links:
        state = credit_file.reported_state(borrower, link.linked_id)
        strength = _strength(link)
        if state is None or (strength is None and HIGH_RISK <= state < CLOSED):
            is_unknown = True
        elif strength is not None and HIGH_RISK <= state < CLOSED:
            on_high_risk = max(on_high_risk, strength)
            if state == DEFAULT:
                on_default = max(on_default, strength)
                parent = FLAG_RED if link.kind == CONTROL else parent
    if is_unknown and not on_high_risk:
        return unmeasurable(Reason.NO_DATA)
    return measured_components([on_high_risk, on_default, parent])


def _strength(link: GroupLink) -> int | None:
    if link.kind == CONTROL:
        return MICRO
    return None if link.strength_micro < 0 else link.strength_micro


@indicator(
    "C-06",
    "Review or limit ran out",
    INFORMATION.at(Classification("RECORD", "CONDUCT", "MONITORING")),
    single(Unit.DAYS, "days since a review or a limit ran out"),
    reads=touched.LOANS | touched.FACILITIES | touched.DAY,
)
def review_overdue(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-06: days since the earliest review or limit of an open loan or line ran out."""
    days = credit_file.review_days(borrower)
    if not days:
        return not_applicable()
    return measured(max(0, as_of - min(days)) * MICRO)


@indicator(
    "C-07",
    "Inspection overdue or worrying",
    INFORMATION.at(Classification("RECORD", "CONDUCT", "MONITORING")),
    (
        Component("overdue", Unit.DAYS, "days that an inspection is overdue"),
        Component("severity", Unit.COUNT, "worst thing found, 0 to 4"),
    ),
    reads=touched.INSPECTIONS | touched.FILE_DAY,
    evidence=About(open_findings),
)
def inspections(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-07: days that the next inspection is overdue, and the worst thing found (0 to 4).

    An inspection's own outcome counts until the next one; a finding until it is settled.
    """
    file = borrower.credit_file
    if not file.inspected_day and not file.findings:
        return not_applicable()
    due = overdue_since(file)
    overdue = None if due is None else max(0, as_of - due) * MICRO
    return measured_components([overdue, worst_found(file) * MICRO])


@indicator(
    "F-18",
    "Covenant headroom",
    Theme(STATEMENT, "cov", "COVENANT").at(
        Classification("FINANCE", "CONDUCT", "MONITORING", "Covenants have ample headroom")
    ),
    (
        Component("headroom", Unit.RATIO, "distance to the nearest covenant limit"),
        Component("late", Unit.DAYS, "days that a certificate is late"),
        Component("waiver", Unit.FLAG, "waiver asked for"),
        Component("uncured", Unit.FLAG, "broken after the cure period"),
    ),
    reads=touched.COVENANTS | touched.FILE_DAY,
    evidence=About(tight_covenants),
)
def covenant_headroom(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """F-18: the least headroom over all covenants, days a certificate is late, a waiver requested,
    and whether one is still broken after the day by which it had to be cured.

    Without a stated due date and before a second test it is unknown when a certificate is due.
    """
    covenants = borrower.credit_file.covenants
    if not covenants:
        return not_applicable()
    rooms = [room for covenant in covenants if (room := credit_file.headroom(covenant)) is not None]
    dues = [
        due for covenant in covenants if (due := credit_file.certificate_due(covenant)) is not None
    ]
    late = max(0, as_of - min(dues)) * MICRO if dues else None
    waiver = FLAG_RED if any(covenant.is_waiver_asked for covenant in covenants) else 0
    uncured = FLAG_RED if any(credit_file.is_uncured(each, as_of) for each in covenants) else 0
    gap = Reason.NONE if rooms else Reason.ZERO_BASE
    return measured_components([min(rooms) if rooms else None, late, waiver, uncured], gap=gap)
