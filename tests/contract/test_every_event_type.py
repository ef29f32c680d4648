"""Every event type has a schema, examples and a Struct, and the simulated bank sends it."""

import json
from collections import Counter

import pytest

from lab.simulator.portfolio import Portfolio, Setup
from services.contracts.registry import EVENT_TYPES, EventTopic
from tests.fakes.simulated import simulated_lines
from tests.fakes.wire_events import undeclared_fields, validated

from .catalogue import examples, schema_file_of, validator_of

# The types of the events topic.
IN = {
    *("borrower.registered", "group.linked", "related-parties.declared", "related-state.changed"),
    *("loan.booked", "loan.disbursed", "loan.closed", "schedule.published", "schedule.changed"),
    *("repayment.posted", "repayment.failed", "repayment.reversed", "promise.made"),
    *("account.transacted", "account.balance-closed", "account.item-returned", "account.blocked"),
    *("facility.balance-closed", "limit.changed", "statement.received", "statement.due"),
    *("covenant.certified", "forecast.received", "collateral.valued", "guarantor.linked"),
    *("external-delinquency.reported", "inspection.recorded", "finding.raised"),
    *("override.approved", "day.closed", "rulebook.activated", "calendar.published"),
    *("fx.published", "claim.disputed", "dependant.linked", "sector-stress.published"),
}
OUT = {
    *("assessment.changed", "assessment.corrected", "maturity.approaching", "inspection.fell-due"),
    *("alert.opened", "alert.updated", "alert.acknowledged", "alert.assigned"),
    *("alert.commented", "alert.resolved"),
}
# Sent by Tocsin's own services, so not by the simulated bank.
SENT_BY_TOCSIN = {
    "related-state.changed": "scoring, about a borrower whose state changed",
    "dependant.linked": "scoring, to the borrower to whom another was linked",
    "override.approved": "alerts, after a second person approved",
    "rulebook.activated": "scoring, after a second person approved",
}
SETUP = Setup(seed=5, borrowers=60, days=420, credit_files=True)


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return simulated_lines(SETUP)


def test_the_register_has_these_types() -> None:
    assert {f"{name}.v1" for name in IN | OUT} == EVENT_TYPES.keys()


@pytest.mark.parametrize("name", sorted(IN | OUT))
def test_a_type_has_a_schema_and_examples_of_both_kinds(name: str) -> None:
    assert schema_file_of(f"{name}.v1").is_file()
    for kind in ("valid", "invalid"):
        assert [path for type_, path in examples(kind) if type_ == f"{name}.v1"], kind


def test_the_events_topic_has_these_types() -> None:
    on_the_topic = {name for name, row in EVENT_TYPES.items() if row.topic is EventTopic.EVENTS}
    assert {f"{name}.v1" for name in IN} == on_the_topic


def test_the_simulated_bank_sends_every_type_that_a_bank_can_send(lines: list[bytes]) -> None:
    types = {json.loads(line)["type"] for line in lines}
    assert types == {f"{name}.v1" for name in IN - SENT_BY_TOCSIN.keys()}


def test_simulated_events_are_valid_by_schema_and_struct(lines: list[bytes]) -> None:
    checked: Counter[str] = Counter()
    for line in lines:
        document = json.loads(line)
        if checked[document["type"]] < 15:
            assert validated(line).value == line
            assert undeclared_fields(line) == []
            validator_of(document["type"]).validate(document)
            checked[document["type"]] += 1


def test_credit_files_do_not_change_the_other_events() -> None:
    plain = Portfolio(Setup(seed=5, borrowers=12, days=60)).simulate()
    filed = Portfolio(Setup(seed=5, borrowers=12, days=60, credit_files=True)).simulate()
    for (_, mine), (_, other) in zip(plain, filed, strict=True):
        basic = [
            (event.type, event.data)
            for event in other
            if event.type in BASIC and event.data.get("type") != "GUARANTEE"
        ]
        assert [(event.type, event.data) for event in mine] == basic


BASIC = {
    *("borrower.registered.v1", "loan.booked.v1", "schedule.published.v1", "repayment.posted.v1"),
    *("repayment.failed.v1", "repayment.reversed.v1", "account.transacted.v1"),
    *("account.balance-closed.v1", "account.item-returned.v1", "facility.balance-closed.v1"),
    "statement.received.v1",
}
