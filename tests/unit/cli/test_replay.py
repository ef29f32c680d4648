"""Replay keeps order, is patient with what passes, and explains what does not."""

import json
import random
from pathlib import Path

import httpx2
import pytest

from services.cli.errors import CommandError
from services.cli.replay_sending import (
    EventBatch,
    ReplayCounts,
    Sender,
    batches,
    verdicts_of,
)

ONE = EventBatch(first_line=1, lines=(b'{"id":"1"}',), read_bytes=11)


def accepted(request: httpx2.Request) -> httpx2.Response:
    lines = request.content.splitlines()
    return httpx2.Response(202, json={"items": [{"status": "accepted"} for _ in lines]})


class Ingest:
    """Answers in turn what it was told to, then accepts everything."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers = list(answers)
        self.bodies: list[bytes] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.bodies.append(request.content)
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return accepted(request)

    def sender(self, patience_seconds: float = 60) -> Sender:
        client = httpx2.Client(transport=httpx2.MockTransport(self), base_url="http://ingest")
        return Sender(
            client=client,
            patience_seconds=patience_seconds,
            on_retry=lambda _reason, _pause: None,
            sleep=self.pauses.append,
            chance=random.Random(7),
        )


def lines(count: int) -> list[bytes]:
    return [b'{"n":%d}\n' % number for number in range(count)]


class TestCutting:
    def test_batches_keep_the_order_and_leave_nothing_out(self) -> None:
        found = list(batches(lines(7), most_events=3))
        assert [len(batch.lines) for batch in found] == [3, 3, 1]
        assert b"".join(batch.body for batch in found) == b"".join(lines(7))
        assert [batch.first_line for batch in found] == [1, 4, 7]

    def test_the_bytes_read_add_up_to_the_file_with_its_empty_lines(self) -> None:
        file = [b"\n", *lines(4), b"  \n", *lines(2)]
        found = list(batches(file, most_events=3))
        assert sum(batch.read_bytes for batch in found) == sum(map(len, file))
        assert found[0].first_line == 2

    def test_a_batch_is_bounded_in_bytes_too(self) -> None:
        file = [b"x" * 400 + b"\n"] * 5
        found = list(batches(file, most_events=100, most_bytes=1000))
        assert [len(batch.lines) for batch in found] == [2, 2, 1]

    def test_an_overlong_line_goes_alone(self) -> None:
        file = [b"a\n", b"x" * 5000 + b"\n", b"b\n"]
        found = list(batches(file, most_events=100, most_bytes=1000))
        assert [len(batch.lines) for batch in found] == [1, 1, 1]

    def test_an_empty_file_has_no_batch(self) -> None:
        assert list(batches([b"\n", b" \n"], most_events=3)) == []


class TestSending:
    def test_a_busy_ingest_is_asked_again_after_the_time_it_names(self) -> None:
        ingest = Ingest(httpx2.Response(503, headers={"Retry-After": "3"}))
        assert ingest.sender().deliver(ONE) == [{"status": "accepted"}]
        assert len(ingest.bodies) == 2
        assert ingest.bodies[0] == ingest.bodies[1]
        assert 3.0 <= ingest.pauses[0] <= 3.5

    def test_a_broken_connection_is_tried_again(self) -> None:
        ingest = Ingest(httpx2.ConnectError("refused"), httpx2.ReadTimeout("slow"))
        assert ingest.sender().deliver(ONE) == [{"status": "accepted"}]
        assert len(ingest.pauses) == 2

    def test_patience_ends(self) -> None:
        ingest = Ingest(*[httpx2.Response(503, headers={"Retry-After": "30"}) for _ in range(9)])
        with pytest.raises(CommandError, match="within 60 s: it answered 503"):
            ingest.sender().deliver(ONE)
        assert sum(ingest.pauses) <= 60

    @pytest.mark.parametrize(
        ("status", "hint"), [(401, "TOCSIN_API_KEY"), (403, "SOURCE"), (413, "--batch")]
    )
    def test_a_refusal_is_explained_and_not_repeated(self, status: int, hint: str) -> None:
        ingest = Ingest(httpx2.Response(status, json={"title": "no"}))
        with pytest.raises(CommandError) as raised:
            ingest.sender().deliver(ONE)
        assert hint in raised.value.remedy
        assert len(ingest.bodies) == 1

    def test_a_batch_of_which_nothing_was_taken_has_verdicts_all_the_same(self) -> None:
        refused = {"status": "quarantined", "reason": "invalid_json"}
        answer = httpx2.Response(422, json={"title": "None taken", "items": [refused]})
        assert Ingest(answer).sender().deliver(ONE) == [refused]

    def test_an_answer_of_somebody_else_is_not_taken_for_a_success(self) -> None:
        with pytest.raises(CommandError, match="is this ingest"):
            Ingest(httpx2.Response(200, json={"hello": 1})).sender().deliver(ONE)


class TestCounting:
    def test_verdicts_are_counted_with_the_line_of_the_first_of_each_reason(self) -> None:
        counts = ReplayCounts()
        refused = {
            "status": "quarantined",
            "reason": "invalid_field",
            "pointer": "/data/amount",
            "detail": "a number",
        }
        counts.add([{"status": "accepted"}, refused, refused], first_line=10)
        assert (counts.offered, counts.statuses["accepted"]) == (3, 1)
        assert counts.reasons == {"invalid_field": 2}
        assert counts.examples["invalid_field"] == (11, "/data/amount a number")
        assert not counts.is_all_taken

    def test_parked_events_wait_and_are_no_failure(self) -> None:
        counts = ReplayCounts()
        counts.add([{"status": "accepted"}, {"status": "parked"}], first_line=1)
        assert counts.is_all_taken

    def test_a_missing_verdict_is_noticed(self) -> None:
        with pytest.raises(CommandError, match="each of the 2 events"):
            verdicts_of({"items": [{"status": "accepted"}]}, sent=2)


def test_the_sent_lines_are_the_lines_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"".join(lines(5)))
    ingest = Ingest()
    sender = ingest.sender()
    with path.open("rb") as file:
        for batch in batches(file, most_events=2):
            sender.deliver(batch)
    sent = [json.loads(line) for body in ingest.bodies for line in body.splitlines()]
    assert sent == [{"n": number} for number in range(5)]
