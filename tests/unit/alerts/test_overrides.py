"""What an override needs, what it shows, and that an approved one comes back as score."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.alerts.approvals.adapters.override_events import override_message
from services.alerts.approvals.application.overrides import (
    PROPOSED_RELAXATION,
    SCORING,
    ApprovedOverride,
    BorrowerFacts,
    OverrideApproval,
    OverrideParts,
    ProposedRelaxation,
    RelaxationProposals,
    override_kinds,
)
from services.alerts.approvals.domain.override import SPECS, OverrideSpec
from services.alerts.primitives.vocabulary import RiskState
from services.kit.access.keys import Role
from services.kit.approvals.proposals import (
    DecisionOutcome,
    InvalidTerms,
    NoSuchProposal,
    ProposalConflict,
    Step,
)
from services.kit.approvals.workflow import Approvals
from services.kit.stream.outbox import Message
from services.scoring.adapters.codec import build_codec
from tests.fakes.approvals_in_memory import approvals_in_memory
from tests.fakes.clock import ManualClock
from tests.fakes.story import Story
from tests.fakes.wire_events import validated

NOW = datetime(2024, 1, 10, 9, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
BY_NAME = {spec.name: spec for spec in SPECS}
BORROWER = BorrowerFacts(
    borrower_id="b-1",
    partition=1,
    state=RiskState.WATCH,
    state_since=date(2024, 1, 3),
    flags=("EXIT_LIST",),
    exposure=Decimal("50000.00"),
    currency="EUR",
    owners=frozenset({"olga"}),
)


class Bank:
    """Implements the ports of overrides in memory."""

    def __init__(self, borrower: BorrowerFacts = BORROWER) -> None:
        self.borrower = borrower
        self.messages: list[Message] = []
        self.clock = ManualClock(NOW)
        parts = OverrideParts(borrowers=self, events=self, clock=self.clock, zone=BERLIN)
        self.approvals: Approvals = approvals_in_memory(override_kinds(parts), clock=self.clock)
        self.relaxations = RelaxationProposals(self.approvals, self)

    async def find(self, _connection: Any, borrower_id: str) -> BorrowerFacts | None:
        return self.borrower if borrower_id == self.borrower.borrower_id else None

    async def send(self, _connection: Any, approved: ApprovedOverride) -> None:
        self.messages.append(override_message(approved, topic="events"))

    async def decided(self, kind: str, terms: dict[str, Any]) -> dict[str, Any]:
        """Propose and approve; return the data of the event."""
        proposal = await self.approvals.propose(
            kind, "b-1", Step(by="ana", reason="as agreed"), terms
        )
        await self.approve(proposal.id, "ben")
        [message] = self.messages
        data: dict[str, Any] = json.loads(message.value)["data"]
        return data

    async def approve(self, number: int, person: str) -> None:
        proposal = await self.approvals.find(number)
        step = Step(by=person, reason="seen")
        await self.approvals.decide(number, DecisionOutcome.APPROVED, step, digest=proposal.digest)


UNTIL = {"expires_date": "2024-06-30"}
TERMS: dict[str, dict[str, Any]] = {
    "relaxation": {"state": "ATTENTION", **UNTIL},
    "tightening": {"state": "HIGH_RISK", **UNTIL},
    "exception": {"state": "ATTENTION", **UNTIL},
    "unlikely-to-pay": {"trigger": "BANKRUPTCY"},
    "lift-unlikely-to-pay": {},
    "technical-past-due": {"loan_id": "l-1", "effective_date": "2024-01-02", **UNTIL},
    "score-override": {"score_points": "-7.5", **UNTIL},
    "fraud-flag": {},
    "lift-fraud-flag": {},
    "exit-listing": UNTIL,
    "exit-delisting": {},
    "forbearance-rebuttal": {},
}
EVENTS = {
    "relaxation": {"kind": "RELAX", "state": "ATTENTION", **UNTIL},
    "tightening": {"kind": "TIGHTEN", "state": "HIGH_RISK", **UNTIL},
    "exception": {"kind": "EXCEPTION", "state": "ATTENTION", **UNTIL},
    "unlikely-to-pay": {"kind": "UTP", "trigger": "BANKRUPTCY"},
    "lift-unlikely-to-pay": {"kind": "LIFT_UTP"},
    "technical-past-due": {"kind": "TECHNICAL_DEFAULT", "loan_id": "l-1", **UNTIL},
    "score-override": {"kind": "SCORE", "score_points": "-7.5", **UNTIL},
    "fraud-flag": {"kind": "FLAG", "flag": "FRAUD_RED_FLAG"},
    "lift-fraud-flag": {"kind": "UNFLAG", "flag": "FRAUD_RED_FLAG"},
    "exit-listing": {"kind": "FLAG", "flag": "EXIT_LIST", **UNTIL},
    "exit-delisting": {"kind": "UNFLAG", "flag": "EXIT_LIST"},
    "forbearance-rebuttal": {"kind": "UNFLAG", "flag": "FORBORNE"},
}


@pytest.mark.parametrize("name", EVENTS)
async def test_an_approved_override_is_an_event_of_the_borrower(name: str) -> None:
    bank = Bank()
    data = await bank.decided(name, TERMS[name])
    assert data == {
        "override_id": "approval:1",
        "reason": "as agreed",
        "proposed_by": "ana",
        "approved_by": ["ben"],
        "effective_date": "2024-01-02" if name == "technical-past-due" else "2024-01-10",
        **EVENTS[name],
    }
    [message] = bank.messages
    assert (message.topic, message.key) == ("events", b"b-1")
    event = validated(message.value).event
    assert (event.source, event.id, event.subject) == ("tocsin/alerts", "approval:1", "b-1")
    assert event.time == NOW


def test_every_kind_has_an_event() -> None:
    assert set(EVENTS) == set(BY_NAME)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_what_relaxes_is_decided_by_an_approver_alone(spec: OverrideSpec) -> None:
    bank: Any = None
    deciders = OverrideApproval(spec, bank).deciders
    assert deciders == ({Role.APPROVER} if spec.relaxes else {Role.APPROVER, Role.RISK})


@pytest.mark.parametrize(
    ("name", "changes", "problem"),
    [
        ("relaxation", {"expires_date": None}, "needs expires_date"),
        ("relaxation", {"flag": "EXIT_LIST"}, "has no flag"),
        # One step at a time, and never for the worse.
        ("relaxation", {"state": "NORMAL"}, "cannot be NORMAL from WATCH"),
        ("relaxation", {"state": "HIGH_RISK"}, "cannot be HIGH_RISK from WATCH"),
        ("tightening", {"state": "ATTENTION"}, "cannot be ATTENTION from WATCH"),
        ("tightening", {"state": "DEFAULT"}, "cannot be DEFAULT from WATCH"),
        ("relaxation", {"expires_date": "2024-01-10"}, "after 2024-01-10"),
        ("relaxation", {"expires_date": "10/06/2024"}, "must be a date"),
        ("technical-past-due", {"effective_date": "2024-01-11"}, "2024-01-10 at the latest"),
        ("technical-past-due", {"loan_id": "l 1"}, "must be an id"),
        ("unlikely-to-pay", {"trigger": "BAD_MOOD"}, "must be one of"),
        ("score-override", {"score_points": "15.1"}, "from -15 to 15"),
        ("score-override", {"score_points": "0"}, "and not 0"),
        ("score-override", {"score_points": 7}, "must be a text"),
    ],
)
async def test_terms_that_could_never_count_are_refused(
    name: str, changes: dict[str, Any], problem: str
) -> None:
    terms = {**TERMS[name], **changes}
    terms = {term: value for term, value in terms.items() if value is not None}
    with pytest.raises(InvalidTerms, match=problem):
        await Bank().decided(name, terms)


async def test_an_unknown_borrower_is_not_found() -> None:
    with pytest.raises(NoSuchProposal):
        await Bank().approvals.propose("fraud-flag", "b-2", Step(by="ana", reason="why"))


async def test_people_see_before_and_after_and_the_end() -> None:
    bank = Bank()
    step = Step(by="ana", reason="why")
    relaxed = await bank.approvals.propose("relaxation", "b-1", step, TERMS["relaxation"])
    assert relaxed.change.before == {"state": "WATCH", "state_since": "2024-01-03"}
    assert relaxed.change.after == {
        "state": "ATTENTION",
        "state_since": None,
        "expires_date": "2024-06-30",
    }
    assert relaxed.change.effect.endswith("On 2024-06-30 it lapses.")
    assert (relaxed.change.amount, relaxed.change.currency) == (Decimal("50000.00"), "EUR")
    assert relaxed.change.barred == {"olga"}
    # What tightens never lapses.
    tightened = await bank.approvals.propose("tightening", "b-1", step, TERMS["tightening"])
    assert tightened.change.effect.endswith("On 2024-06-30 it is reviewed, and stays in force.")
    listed = await bank.approvals.propose("exit-delisting", "b-1", step)
    assert (listed.change.before["flags"], listed.change.after["flags"]) == (["EXIT_LIST"], [])


PROPOSED = replace(BORROWER, flags=("RELAXATION_PROPOSED",))


async def test_scoring_proposes_once_for_a_state_spell_and_two_people_approve() -> None:
    bank = Bank(PROPOSED)
    for _ in range(2):
        await bank.relaxations.propose(None, ["b-1"])  # type: ignore[arg-type]
    proposal = await bank.approvals.find(1)
    assert (proposal.kind, proposal.proposed_by) == (PROPOSED_RELAXATION, SCORING)
    assert (proposal.change.after["state"], proposal.change.needed) == ("ATTENTION", 2)
    with pytest.raises(NoSuchProposal):
        await bank.approvals.find(2)
    await bank.approve(1, "ben")
    assert bank.messages == []
    await bank.approve(1, "cem")
    [message] = bank.messages
    data = json.loads(message.value)["data"]
    assert data == {
        "override_id": "approval:1",
        "kind": "RELAX",
        "state": "ATTENTION",
        "reason": "All conditions of the exit rule are met; two people decide.",
        "proposed_by": "system:scoring",
        "approved_by": ["ben", "cem"],
        "effective_date": "2024-01-10",
        "expires_date": "2024-02-09",
    }
    # What was decided is not proposed again in the same spell while it would be open.
    await bank.relaxations.propose(None, ["b-1"])  # type: ignore[arg-type]
    bank.borrower = replace(PROPOSED, state_since=date(2024, 2, 1))
    await bank.relaxations.propose(None, ["b-1"])  # type: ignore[arg-type]
    assert (await bank.approvals.find(2)).subject == "b-1 2024-02-01"


async def test_what_scoring_no_longer_proposes_cannot_be_approved() -> None:
    bank = Bank(PROPOSED)
    await bank.relaxations.propose(None, ["b-1"])  # type: ignore[arg-type]
    bank.borrower = BORROWER
    with pytest.raises(ProposalConflict, match="does not propose it any more"):
        await bank.approve(1, "ben")


def test_nobody_proposes_in_the_name_of_scoring() -> None:
    assert ProposedRelaxation.proposers == frozenset()


async def test_an_approved_override_comes_back_as_score() -> None:
    codec = build_codec(BERLIN)
    story = Story()
    story.loan()
    story.on("2024-01-10")
    assert story.state == "NORMAL"
    bank = Bank(replace(BORROWER, state=RiskState.NORMAL))
    await bank.decided("unlikely-to-pay", TERMS["unlikely-to-pay"])
    story.apply(codec.decode(bank.messages[0].value))
    assert story.state == "DEFAULT"
