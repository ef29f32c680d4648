"""The live stream goes on where its reader stopped, and ends when it should."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from services.kit.http.auth import Principal
from services.kit.http.health import Health
from tests.fakes.alerts_http import OFFICER, PEOPLE, SENIOR, application, bearer
from tests.fakes.alerts_in_memory import NOW, InMemoryAlerts, an_alert
from tests.fakes.clock import ManualClock


def streamed(*, key: str = SENIOR, query: str = "", **headers: str) -> list[dict[str, str]]:
    """Return what a whole stream says; its quarter of an hour passes at once."""
    books = InMemoryAlerts(
        an_alert("a1", "B-1"),
        an_alert("a2", "B-2", officer_id="officer-9", branch_id="south", owner=_other_owner()),
        an_alert("a3", "B-3"),
        clock=ManualClock(NOW),
    )
    client = TestClient(application(books), raise_server_exceptions=False)
    response = client.get(f"/v1/stream{query}", headers=bearer(key, **headers))
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    return [_parsed(block) for block in response.text.split("\n\n") if "data:" in block]


def _other_owner() -> object:
    own = an_alert("x", "y").owner
    return own.__class__(kind=own.kind, id="officer-9", route="r")


def _parsed(block: str) -> dict[str, str]:
    fields = (line.partition(": ") for line in block.splitlines())
    return {name: value for name, _, value in fields}


def test_from_the_start_everything_comes_in_order_with_its_place() -> None:
    events = streamed(query="?from=start")
    assert [event["id"] for event in events] == ["1", "2", "3"]
    assert [event["event"] for event in events] == ["alert.opened.v1"] * 3
    assert json.loads(events[0]["data"])["borrower_id"] == "B-1"


def test_a_reader_who_comes_back_misses_nothing_and_gets_nothing_twice() -> None:
    events = streamed(**{"Last-Event-ID": "1"})
    assert [event["id"] for event in events] == ["2", "3"]


def test_without_a_place_the_stream_begins_now() -> None:
    assert streamed() == []


def test_an_officer_hears_of_own_borrowers_only() -> None:
    events = streamed(key=OFFICER, query="?from=start")
    assert [event["id"] for event in events] == ["1", "3"]


def test_an_event_is_sent_by_the_rights_of_that_moment() -> None:
    """Olga stands in for officer-9 until the second look at her key."""
    books = InMemoryAlerts(
        an_alert("a2", "B-2", officer_id="officer-9", branch_id="south", owner=_other_owner()),
        clock=ManualClock(NOW),
    )
    app = application(books)
    olga = PEOPLE[OFFICER]

    class EndingDelegation:
        calls = 0

        async def authenticate(self, text: str) -> Principal:
            self.calls += 1
            if self.calls == 1:
                return replace(olga, officer_ids=frozenset({"officer-7", "officer-9"}))
            return olga

    app.state.authenticator = EndingDelegation()
    response = TestClient(app).get("/v1/stream?from=start", headers=bearer(OFFICER))
    assert response.text.count("data:") == 0


@pytest.mark.parametrize("position", ["x", "-1", "1.5", "1; drop", "9" * 40, "1" * 19])
def test_a_place_that_is_none_is_a_400(position: str) -> None:
    client = TestClient(application(InMemoryAlerts(clock=ManualClock(NOW))))
    response = client.get("/v1/stream", headers=bearer(SENIOR, **{"Last-Event-ID": position}))
    assert response.status_code == 400
    assert response.json()["type"] == "urn:tocsin:problem:malformed-request"


def test_a_process_that_goes_away_ends_its_streams() -> None:
    clock = ManualClock(NOW)
    health = Health(clock)
    health.draining()
    client = TestClient(application(InMemoryAlerts(clock=clock), health))
    assert client.get("/v1/stream", headers=bearer(SENIOR)).status_code == 200


def test_a_key_that_is_revoked_ends_its_stream() -> None:
    """The clock of the stream never reaches its end; only the revocation ends it."""
    books = InMemoryAlerts(an_alert("a1", "B-1"), clock=ManualClock(NOW))
    app = application(books)

    class Revoking:
        """Admits the key once, and a second time while the first event is sent."""

        left = 2

        async def authenticate(self, text: str) -> Principal | None:
            self.left -= 1
            return await admitting.authenticate(text) if self.left >= 0 else None

    admitting = app.state.authenticator
    app.state.authenticator = Revoking()
    client = TestClient(app)
    response = client.get("/v1/stream?from=start", headers=bearer(SENIOR))
    assert response.text.count("data:") == 1
    assert books.clock.monotonic_seconds() == 0.0


def test_a_stream_ends_when_its_token_ends() -> None:
    """The token ends after 290 seconds, a stream by itself after 900; it looks twice a second."""
    books = InMemoryAlerts(an_alert("a1", "B-1"), clock=ManualClock(NOW))
    app = application(books)

    class UntilItsEnd:
        async def authenticate(self, text: str) -> Principal | None:
            is_valid = books.clock.now() < NOW + timedelta(seconds=290)
            return await admitting.authenticate(text) if is_valid else None

    admitting = app.state.authenticator
    app.state.authenticator = UntilItsEnd()
    assert TestClient(app).get("/v1/stream", headers=bearer(SENIOR)).status_code == 200
    assert books.clock.monotonic_seconds() == 290.0


def test_without_a_key_there_is_no_stream() -> None:
    client = TestClient(application(InMemoryAlerts(clock=ManualClock(NOW))))
    assert client.get("/v1/stream").status_code == 401
