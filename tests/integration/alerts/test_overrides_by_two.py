"""Overrides and relaxations on the real database: two people decide, and the event leaves."""

import json
from dataclasses import replace

import asyncpg
import pytest

from services.alerts.approvals.application.overrides import PROPOSED_RELAXATION, SCORING
from services.alerts.primitives.vocabulary import RiskState
from services.kit.access import store
from services.kit.access.keys import Role
from services.kit.approvals.proposals import (
    DecisionOutcome,
    EntryFilter,
    OtherPersonNeeded,
    Proposal,
    Step,
)
from tests.fakes import persons
from tests.fakes.assessments import MONDAY, FakeRecord, assessment, contributor, record
from tests.integration.alerts.conftest import Desk

pytestmark = pytest.mark.integration

OUTBOX = "SELECT key, value FROM alerts.outbox WHERE topic = 'events' ORDER BY seq"


def proposed(sequence: int) -> FakeRecord:
    """An assessment in WATCH that proposes to relax."""
    summary = assessment(RiskState.WATCH, contributor(), sequence=sequence)
    plain = record(summary, offset=sequence)
    event = json.loads(plain.value or b"")
    event["data"]["flags"] = ["RELAXATION_PROPOSED"]
    return replace(plain, value=json.dumps(event).encode())


@pytest.fixture
async def owner(database_url: str) -> str:
    """Olga, whose key is that of the officer of the borrower; and two others."""
    await persons.register(database_url, "olga", "ana", "ben")
    connection = await asyncpg.connect(database_url)
    grant = store.Grant(
        name="olga", roles=frozenset({Role.OFFICER}), person_id="olga", officer_id="o-7"
    )
    await store.issue(connection, grant, at=MONDAY)
    await connection.close()
    return "olga"


async def approve(desk: Desk, proposal: Proposal, person: str) -> Proposal:
    step = Step(by=person, reason="seen")
    return await desk.approvals.decide(
        proposal.id, DecisionOutcome.APPROVED, step, digest=proposal.digest
    )


async def test_what_scoring_proposes_waits_for_two_who_do_not_own_the_borrower(
    desk: Desk, owner: str
) -> None:
    await desk.apply([proposed(1)])
    await desk.apply([proposed(2)])
    [entry] = await desk.approvals.listed(EntryFilter(), only_open=True, reader=owner)
    proposal = entry.proposal
    assert (proposal.kind, proposal.proposed_by) == (PROPOSED_RELAXATION, SCORING)
    assert (entry.refusal, proposal.change.borrower_id) == ("OWNER", "b-1")
    with pytest.raises(OtherPersonNeeded):
        await approve(desk, proposal, owner)
    assert (await approve(desk, proposal, "ana")).outcome is None
    assert await desk.pool.fetch(OUTBOX) == []
    decided = await approve(desk, proposal, "ben")
    assert decided.outcome is DecisionOutcome.APPROVED
    [row] = await desk.pool.fetch(OUTBOX)
    data = json.loads(row["value"])["data"]
    assert (row["key"], data["kind"], data["state"]) == (b"b-1", "RELAX", "ATTENTION")
    assert data["approved_by"] == ["ana", "ben"]


async def test_an_override_and_its_event_are_one_transaction(
    desk: Desk, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.assess(assessment(RiskState.WATCH, contributor()))
    step = Step(by="ana", reason="insolvency filed")
    terms = {"trigger": "BANKRUPTCY"}
    proposal = await desk.approvals.propose("unlikely-to-pay", "b-1", step, terms)
    kind = desk.approvals.kind("unlikely-to-pay")

    async def broken(*_arguments: object) -> None:
        raise RuntimeError("the outbox is full")

    with monkeypatch.context() as patched:
        patched.setattr(kind, "release", broken)
        with pytest.raises(RuntimeError, match="outbox"):
            await approve(desk, proposal, "ben")
    assert (await desk.approvals.find(proposal.id)).votes == ()
    await approve(desk, proposal, "ben")
    [row] = await desk.pool.fetch(OUTBOX)
    assert json.loads(row["value"])["id"] == f"approval:{proposal.id}"
