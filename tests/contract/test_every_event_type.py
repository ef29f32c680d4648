"""Every event type has schema, examples, model and reader, and the simulated bank says it."""

import json
from collections import Counter

import pytest

from lab.simulator.portfolio import Portfolio, Setup
from services.contracts.registry import EVENT_TYPES, EventTopic
from tests.fakes.simulated import simulated_lines
from tests.fakes.wire_events import undeclared_fields, validated

from .catalogue import examples, schema_file_of, validator_of

# What the log takes in. `claim.disputed`, `dependant.linked` and `sector-stress.published` came
# later than the first set.
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
# Said by our own services, so no bank can say it, simulated or not.
OUR_OWN = {
    "related-state.changed": "scoring, of a borrower whose state changed",
    "dependant.linked": "scoring, to the borrower to whom somebody was linked",
    "override.approved": "alerts, after a second person approved",
    "rulebook.activated": "scoring, after a second person approved",
}
SETUP = Setup(seed=5, borrowers=60, days=420, credit_files=True)


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return simulated_lines(SETUP)


def test_the_catalogue_is_whole() -> None:
    assert {f"{name}.v1" for name in IN | OUT} == EVENT_TYPES.keys()


@pytest.mark.parametrize("name", sorted(IN | OUT))
def test_a_type_has_a_schema_and_examples_of_both_kinds(name: str) -> None:
    assert schema_file_of(f"{name}.v1").is_file()
    for kind in ("valid", "invalid"):
        assert [path for type_, path in examples(kind) if type_ == f"{name}.v1"], kind


def test_what_the_log_takes_in_is_on_the_events_topic() -> None:
    on_the_topic = {name for name, row in EVENT_TYPES.items() if row.topic is EventTopic.EVENTS}
    assert {f"{name}.v1" for name in IN} == on_the_topic


def test_the_simulated_bank_says_every_type_that_a_bank_can_say(lines: list[bytes]) -> None:
    said = {json.loads(line)["type"] for line in lines}
    assert said == {f"{name}.v1" for name in IN - OUR_OWN.keys()}


def test_what_a_credit_file_says_is_what_schemas_and_models_allow(lines: list[bytes]) -> None:
    checked: Counter[str] = Counter()
    for line in lines:
        document = json.loads(line)
        if checked[document["type"]] < 15:
            assert validated(line).value == line
            assert undeclared_fields(line) == []
            validator_of(document["type"]).validate(document)
            checked[document["type"]] += 1


def test_a_run_without_credit_files_is_what_it_was() -> None:
    plain = Portfolio(Setup(seed=5, borrowers=12, days=60)).simulate()
    filed = Portfolio(Setup(seed=5, borrowers=12, days=60, credit_files=True)).simulate()
    for (_, mine), (_, other) in zip(plain, filed, strict=True):
        kept = [
            (one.type, one.data)
            for one in other
            if one.type in BASIC and one.data.get("type") != "GUARANTEE"
        ]
        assert [(one.type, one.data) for one in mine] == kept


BASIC = {
    *("borrower.registered.v1", "loan.booked.v1", "schedule.published.v1", "repayment.posted.v1"),
    *("repayment.failed.v1", "repayment.reversed.v1", "account.transacted.v1"),
    *("account.balance-closed.v1", "account.item-returned.v1", "facility.balance-closed.v1"),
    "statement.received.v1",
}
