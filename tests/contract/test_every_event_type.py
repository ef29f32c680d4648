"""Every event type has a schema, examples and a Struct, and the simulated bank sends it."""

import json
from collections import Counter

import pytest

from lab.simulator.portfolio import Portfolio, Setup
from services.contracts.registry import EVENT_TYPES, EventSender, EventTopic
from tests.fakes.simulated import simulated_lines
from tests.fakes.wire_events import undeclared_fields, validated

from .catalogue import examples, schema_file_of, validator_of

ON_EVENTS_TOPIC = {row.name for row in EVENT_TYPES.values() if row.topic is EventTopic.EVENTS}
# The others are sent by scoring and alerts, so no bank sends them, simulated or not.
FROM_BANKS = {row.name for row in EVENT_TYPES.values() if row.sender is EventSender.SOURCES}
SETUP = Setup(seed=5, borrowers=60, days=420, credit_files=True)


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return simulated_lines(SETUP)


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_a_type_has_a_schema_and_examples_of_both_kinds(name: str) -> None:
    assert schema_file_of(name).is_file()
    for kind in ("valid", "invalid"):
        assert [path for event_type, path in examples(kind) if event_type == name], kind


def test_what_banks_send_is_on_the_events_topic() -> None:
    assert FROM_BANKS <= ON_EVENTS_TOPIC


def test_the_simulated_bank_sends_every_type_that_a_bank_can_send(lines: list[bytes]) -> None:
    assert {json.loads(line)["type"] for line in lines} == FROM_BANKS


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
