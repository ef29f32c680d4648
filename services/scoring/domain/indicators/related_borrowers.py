"""Indicators of trouble at others that carries over: guarantors (C-04) and group (C-05).

They read what the linked borrowers told about their own state, which is never a state that they
caught themselves (see `contagion`). Whoever has not told anything is unknown, not healthy.
"""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.credit_file import GroupLink, related_state_of
from services.scoring.domain.borrower.risk import CLOSED, DEFAULT, HIGH_RISK, WATCH
from services.scoring.domain.handlers.credit_file import JOINT_KINDS
from services.scoring.domain.primitives import touched
from services.scoring.domain.primitives.measurement import (
    MICRO,
    Measurement,
    Reason,
    Unit,
    measured_arms,
    micro_ratio,
    not_applicable,
    unmeasurable,
)
from services.scoring.domain.primitives.vocabulary import CONTROL
from services.scoring.domain.rulebook.rulebook import COLLATERAL_GROUP, Arm, Indicator, Rules
from services.scoring.domain.views import credit_file

FLAG_AMBER: Final = MICRO
FLAG_RED: Final = 2 * MICRO
MOST_REFS: Final = 5


def guarantor_state(borrower: Borrower, as_of: int, rules: Rules) -> Measurement:
    """C-04: the worst state among the guarantors, and how much of the exposure hangs on it.

    The second figure is what the guarantors on watch or worse stand in for, over the exposure, at
    most all of it: a weak guarantor of a tenth takes away a tenth.
    """
    guarantors = credit_file.guarantors_in_force(borrower, as_of)
    if not guarantors:
        return not_applicable()
    states = [credit_file.reported_state(borrower, one.guarantor_id) for one in guarantors]
    worst = max(_signal_of(state) for state in states)
    if not worst and None in states:
        return unmeasurable(Reason.NO_DATA)
    weak = [
        one
        for one, state in zip(guarantors, states, strict=True)
        if _signal_of(state) >= FLAG_AMBER
    ]
    owed = borrower.counters.exposure_minor
    currency = borrower.profile.reporting_currency
    if not owed or any(one.currency != currency for one in weak):
        return measured_arms([worst, None], gap=Reason.NO_EXPOSURE)
    share = micro_ratio(sum(one.covered_minor for one in weak), owed)
    return measured_arms([worst, min(MICRO, share)])


def _signal_of(state: int | None) -> int:
    """Return no, amber or red for a guarantor's state."""
    if state is None or state == CLOSED or state < WATCH:
        return 0
    return FLAG_AMBER if state == WATCH else FLAG_RED


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
    return measured_arms([on_high_risk, on_default, parent])


def _strength(link: GroupLink) -> int | None:
    if link.kind == CONTROL:
        return MICRO
    return None if link.strength_micro < 0 else link.strength_micro


def guarantors_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return what the guarantors told, the worst first."""
    names = [one.guarantor_id for one in credit_file.guarantors_in_force(borrower, as_of)]
    return _told(borrower, names)


def group_as_evidence(borrower: Borrower, as_of: int) -> list[str]:
    """Return what the group told, the worst first."""
    names = [one.linked_id for one in credit_file.links_in_force(borrower, as_of)]
    return _told(borrower, names)


def _told(borrower: Borrower, names: list[str]) -> list[str]:
    known = [related_state_of(borrower.credit_file, name) for name in sorted(set(names))]
    rows = [(-one.state, one.related_id, one.ref) for one in known if one is not None and one.ref]
    return [ref for _, _, ref in sorted(rows)[:MOST_REFS]]


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator(
        id="C-04",
        name="Guarantor in trouble",
        family=COLLATERAL_GROUP,
        group="group",
        risk_type="GUARANTOR_GROUP",
        arms=(
            Arm("state", Unit.FLAG, "worst state among the guarantors"),
            Arm("share", Unit.RATIO, "share of the exposure that weak guarantors stand in for"),
        ),
        inputs=touched.LINKS
        | touched.LOANS
        | touched.PAYMENTS
        | touched.FACILITIES
        | touched.DUES
        | touched.FILE_DAY
        | touched.PROFILE,
        measure=guarantor_state,
        evidence=guarantors_as_evidence,
    ),
    Indicator(
        id="C-05",
        name="Trouble in the group",
        family=COLLATERAL_GROUP,
        group="group",
        risk_type="GUARANTOR_GROUP",
        arms=(
            Arm("high_risk", Unit.RATIO, "dependency on a member in high risk or worse"),
            Arm("default", Unit.RATIO, "dependency on a member in default"),
            Arm("parent", Unit.FLAG, "controlling parent in default"),
        ),
        inputs=touched.LINKS | touched.FILE_DAY,
        measure=group_contagion,
        evidence=group_as_evidence,
    ),
)
