"""The events of the simulated core bank are valid by the schemas, in canonical bytes."""

import json
from collections import Counter

import pytest

from lab.simulator.portfolio import Setup
from tests.fakes.simulated import simulated_lines
from tests.fakes.wire_events import undeclared_fields, validated

from .catalogue import validator_of

SETUP = Setup(seed=5, borrowers=40, days=400)
CHECKED_BY_SCHEMA_OF_EACH_TYPE = 40
TYPES = {
    "borrower.registered.v1",
    "loan.booked.v1",
    "schedule.published.v1",
    "repayment.posted.v1",
    "repayment.failed.v1",
    "repayment.reversed.v1",
    "account.transacted.v1",
    "account.balance-closed.v1",
    "account.item-returned.v1",
    "facility.balance-closed.v1",
    "statement.received.v1",
    "day.closed.v1",
}


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return simulated_lines(SETUP)


def test_every_event_is_valid_and_has_no_undeclared_field(lines: list[bytes]) -> None:
    seen = Counter()
    for line in lines:
        seen[validated(line).event.type] += 1
        assert undeclared_fields(line) == []
    assert set(seen) == TYPES


def test_events_of_every_type_pass_their_schema(lines: list[bytes]) -> None:
    checked: Counter[str] = Counter()
    for line in lines:
        document = json.loads(line)
        if checked[document["type"]] < CHECKED_BY_SCHEMA_OF_EACH_TYPE:
            validator_of(document["type"]).validate(document)
            checked[document["type"]] += 1
    assert set(checked) == TYPES


def test_the_bytes_are_the_canonical_ones(lines: list[bytes]) -> None:
    for line in lines[::97]:
        assert validated(line).value == line
