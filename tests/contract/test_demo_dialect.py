"""The demo bank's dialect and the shipped mappings say the same thing in two languages."""

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

# Of these there are so many that every ninth will do.
COMMON = {"account.transacted.v1", "account.balance-closed.v1", "facility.balance-closed.v1"}


@pytest.fixture(scope="module")
def mappings() -> dict[str, Mapper]:
    return load_mappings(SHIPPED_MAPPINGS, timezone=ZoneInfo("Europe/Berlin"))


@pytest.fixture(scope="module")
def spoken() -> list[SimulatedEvent]:
    portfolio = Portfolio(Setup(seed=5, borrowers=40, days=400))
    return [event for _, booked in portfolio.simulate() for event in booked]


def mapped(event: SimulatedEvent, mappings: dict[str, Mapper]) -> dict[str, object]:
    topic = dialect.topic_of(event)
    assert topic is not None
    record = json.loads(dialect.encode(event))
    found = mappings[topic].candidate(record, fallback_id="none")
    assert isinstance(found, Candidate), found
    if "subject" not in found.document:
        assert found.account_id == event.data["account_id"]
        found = found.with_subject(event.subject)
    return normalised(found, encode=encode_canonical).document


def test_every_raw_record_maps_back_to_the_event_it_was_made_from(
    spoken: list[SimulatedEvent], mappings: dict[str, Mapper]
) -> None:
    seen = set()
    for number, event in enumerate(spoken):
        if dialect.topic_of(event) is None or (event.type in COMMON and number % 9):
            continue
        expected = canonical.envelope(event)
        found = mapped(event, mappings)
        assert found["data"] == expected["data"]
        assert {k: found[k] for k in ("id", "source", "type", "subject")} == {
            k: expected[k] for k in ("id", "source", "type", "subject")
        }
        assert found.get("correctsid") == expected.get("correctsid")
        seen.add(event.type)
    assert len(seen) == 8
