"""Sends a borrower's own state to the borrowers linked to it: one hop, no loops.

Called by the fold after every event of a borrower that has links or dependants. A link is made on
the side of the borrower who may catch trouble; an event in the log of the other side requests its
state, and that side sends it then and whenever its own state changes.

Must stay true:
- only the *own* state is sent: what the borrower's own facts carry, without what it caught from
  others. A ring of guarantors can therefore not drive itself into default;
- an event that brings a linked borrower's state never sends anything on;
- nobody sends a state before the bank has registered them: a guarantor of whom nothing is known is
  unknown, not healthy.
"""

from dataclasses import replace
from typing import Final

from services.scoring.domain.assess import facts
from services.scoring.domain.assess import score as scoring
from services.scoring.domain.assess.effects import Effect, effect, iso
from services.scoring.domain.assess.entry_rules import triggered_rules
from services.scoring.domain.assess.state_inputs import state_inputs_of
from services.scoring.domain.borrower.borrower import CREDIT_FILE_PART, Borrower
from services.scoring.domain.borrower.credit_file import Dependant
from services.scoring.domain.borrower.risk import CLOSED, STATE_NAMES, RiskRecord, Signals, slot_of
from services.scoring.domain.events.control import DayClosed, DayCloseWithdrawn
from services.scoring.domain.events.credit_file import (
    DependantLinked,
    GroupLinked,
    GuarantorLinked,
    RelatedStateChanged,
)
from services.scoring.domain.events.event import Event
from services.scoring.domain.handlers.credit_file import JOINT_FLAGS, expect_related_state
from services.scoring.domain.primitives.measurement import MICRO
from services.scoring.domain.primitives.vocabulary import GUARANTEE_LINK, LINK_KINDS
from services.scoring.domain.rulebook.rulebook import COLLATERAL_GROUP, Rules

DEPENDANT_LINKED: Final = "dependant.linked.v1"
RELATED_STATE_CHANGED: Final = "related-state.changed.v1"
CAUGHT_SLOTS: Final = (slot_of("C-04"), slot_of("C-05"))


def effects(borrower: Borrower, event: Event, rules: Rules) -> list[Effect]:
    """Return what is sent to others after this event of the borrower."""
    if isinstance(event, RelatedStateChanged):
        return []
    closed = borrower.counters.closed_day
    is_close = isinstance(event, DayClosed | DayCloseWithdrawn)
    as_of = closed if is_close else max(event.day, closed)
    requests = _requests(borrower, event)
    file = borrower.credit_file
    if not file.dependants:
        return requests
    _follow_own_state(borrower, rules, as_of)
    if not borrower.profile.known_day:
        return requests
    if file.reported_state != file.own_state:
        before, file.reported_state = file.reported_state, file.own_state
        borrower.changed |= CREDIT_FILE_PART
        return requests + [
            _report(borrower, dependant, event, as_of, before) for dependant in file.dependants
        ]
    if isinstance(event, DependantLinked):
        new = [
            dependant
            for dependant in file.dependants
            if dependant.dependant_id == event.dependant_id
        ]
        return requests + [_report(borrower, dependant, event, as_of, -1) for dependant in new]
    return requests


def _requests(borrower: Borrower, event: Event) -> list[Effect]:
    """Return the request for the state of a borrower to whom this one was linked, once."""
    if isinstance(event, GuarantorLinked):
        other, kind = event.guarantor_id, GUARANTEE_LINK
    elif isinstance(event, GroupLinked):
        other, kind = event.linked_id, event.kind
    else:
        return []
    if other == borrower.borrower_id or not expect_related_state(borrower.credit_file, other):
        return []
    data: dict[str, str | int] = {
        "dependant_borrower_id": borrower.borrower_id,
        "kind": LINK_KINDS[kind],
        "effective_date": iso(event.from_day),
    }
    return [effect(borrower, other, DEPENDANT_LINKED, event.at_us, data)]


def _report(
    borrower: Borrower, dependant: Dependant, event: Event, as_of: int, before: int
) -> Effect:
    data: dict[str, str | int] = {
        "related_borrower_id": borrower.borrower_id,
        "kind": LINK_KINDS[dependant.kind],
        "state": STATE_NAMES[borrower.credit_file.own_state],
        "changed_date": iso(as_of),
        "hops": 1,
    }
    if before >= 0:
        data["from_state"] = STATE_NAMES[before]
    return effect(borrower, dependant.dependant_id, RELATED_STATE_CHANGED, event.at_us, data)


def _follow_own_state(borrower: Borrower, rules: Rules, as_of: int) -> None:
    """Bring the own state up to date with the state.

    It eases with the state. It tightens only as far as the rules that are true without the caught
    signals lead: what was caught stays out even while it lingers after its cause is gone.
    """
    file, state = borrower.credit_file, borrower.risk.state
    own = file.own_state
    if state < own or state == CLOSED:
        own = state
    elif state > own:
        own = max(own, min(state, _carried(borrower, rules, as_of, own)))
    if own != file.own_state:
        file.own_state = own
        borrower.changed |= CREDIT_FILE_PART


def _carried(borrower: Borrower, rules: Rules, as_of: int, above: int) -> int:
    """Return the worst state that the borrower's own facts lead to now."""
    inputs = state_inputs_of(borrower, rules, as_of)
    signals = borrower.signals
    if any(signals.level[slot] or signals.contribution[slot] for slot in CAUGHT_SLOTS):
        inputs.signals = _without_caught(signals)
        inputs.risk = _rescored(borrower.risk, inputs.signals, rules)
    if inputs.risk.flags & JOINT_FLAGS:
        own = inputs.risk.flags & ~JOINT_FLAGS
        inputs.risk = replace(inputs.risk, flags=own)
    triggered = triggered_rules(inputs, above=above)
    return triggered[0].to if triggered else above


def _without_caught(signals: Signals) -> Signals:
    level, contribution = signals.level.copy(), signals.contribution.copy()
    for slot in CAUGHT_SLOTS:
        level[slot] = contribution[slot] = 0
    return replace(signals, level=level, contribution=contribution)


def _rescored(risk: RiskRecord, signals: Signals, rules: Rules) -> RiskRecord:
    """Return the risk state with the score that it would have without what was caught."""
    families, days = risk.families.copy(), risk.family_days.copy()
    repeated = facts.repeated(signals, rules, risk)
    families[COLLATERAL_GROUP] = scoring.family_score(signals, rules, COLLATERAL_GROUP, repeated)
    if families[COLLATERAL_GROUP] < rules.cuts.family:
        days[COLLATERAL_GROUP] = 0
    # What people added to the score stays.
    points = risk.score - scoring.combined(risk.families)
    score = min(MICRO, max(0, scoring.combined(families) + points))
    return replace(risk, families=families, family_days=days, score=score, peaks=[])
