"""The shipped mappings map the demo bank's records back to the events they were made from."""

import json
from zoneinfo import ZoneInfo

import pytest

from lab.simulator import canonical, dialect
from lab.simulator.events import SimulatedEvent
from lab.simulator.portfolio import Portfolio, Setup
from services.contracts.strict_json import encode_canonical
from services.ingest.adapters.mapping.loader import load_mappings
from services.ingest.adapters.mapping.mapper import Mapper
from services.ingest.domain.candidate import Candidate
from services.ingest.domain.normalising import normalised
from services.ingest.settings import SHIPPED_MAPPINGS

# The most frequent types: every ninth event is enough.
COMMON = {"account.transacted.v1", "account.balance-closed.v1", "facility.balance-closed.v1"}


@pytest.fixture(scope="module")
def mappings() -> dict[str, Mapper]:
    return load_mappings(SHIPPED_MAPPINGS, timezone=ZoneInfo("Europe/Berlin"))


@pytest.fixture(scope="module")
def simulated() -> list[SimulatedEvent]:
    portfolio = Portfolio(Setup(seed=5, borrowers=40, days=400))
    return [event for _, booked in portfolio.simulate() for event in booked]


def mapped(event: SimulatedEvent, mappings: dict[str, Mapper]) -> dict[str, object]:
    topic = dialect.topic_of(event)
    assert topic is not None
    record = json.loads(dialect.encode(event))
    candidate = mappings[topic].candidate(record, fallback_id="none")
    assert isinstance(candidate, Candidate), candidate
    if "subject" not in candidate.document:
        assert candidate.account_id == event.data["account_id"]
        candidate = candidate.with_subject(event.subject, encode=encode_canonical)
    return normalised(candidate, encode=encode_canonical).document


def test_every_raw_record_maps_back_to_the_event_it_was_made_from(
    simulated: list[SimulatedEvent], mappings: dict[str, Mapper]
) -> None:
    seen = set()
    for number, event in enumerate(simulated):
        if dialect.topic_of(event) is None or (event.type in COMMON and number % 9):
            continue
        expected = canonical.envelope(event)
        document = mapped(event, mappings)
        assert document["data"] == expected["data"]
        assert {k: document[k] for k in ("id", "source", "type", "subject")} == {
            k: expected[k] for k in ("id", "source", "type", "subject")
        }
        assert document.get("correctsid") == expected.get("correctsid")
        seen.add(event.type)
    assert len(seen) == 8
