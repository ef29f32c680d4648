"""What the bench feeds and how it counts; the run itself needs servers."""

import os

import msgspec
import pytest
from aiokafka.partitioner import murmur2

from lab.bench import feed, many_borrowers, meters
from lab.bench.bulk_load import _rows
from lab.bench.latency import ProgressTimeline
from lab.bench.stages import Pipeline
from services.scoring.adapters import state_bytes


def test_a_copied_event_is_that_of_another_borrower_and_otherwise_the_same() -> None:
    line = next(feed.portfolio(1, 1))
    ours = msgspec.json.decode(line.value)
    theirs = msgspec.json.decode(feed.copied(line, 3).value)
    name = ours["subject"]
    account = ours["data"]["account_ids"][0]
    assert feed.copied(line, 3).key == f"{name}-3".encode()
    assert theirs == {
        **ours,
        "subject": f"{name}-3",
        "id": ours["id"].replace(name, f"{name}-3"),
        "data": {**ours["data"], "account_ids": [f"{account}-3"]},
    }


def test_no_event_id_belongs_to_two_borrowers() -> None:
    ids = [msgspec.json.decode(line.value)["id"] for line in feed.events(6_000, 800)]
    assert len(set(ids)) == 6_000


def test_there_are_as_many_events_and_borrowers_as_asked_for() -> None:
    lines = feed.events(2_000, 50)
    assert len(lines) == 2_000
    assert len({line.key for line in lines}) == 50


def test_the_events_of_accounts_come_with_and_without_their_borrowers() -> None:
    named, addressed = feed.account_events(feed.events(500, 20))
    assert 0 < len(named) == len(addressed) < 500
    for whole, other in zip(map(msgspec.json.decode, named), addressed, strict=True):
        del whole["subject"]
        assert whole == msgspec.json.decode(other)
        assert whole["data"]["account_id"]


def test_a_borrower_has_the_partition_that_every_producer_chooses() -> None:
    assert feed.partition_of(b"B-1", 4) == (murmur2(b"B-1") & 0x7FFFFFFF) % 4


def test_cost_is_the_cpu_between_two_marks_over_what_was_done() -> None:
    begin = meters.Mark(done=100, seconds=10.0, cpu={"scoring": 1.0, "broker": 2.0}, stolen=0.0)
    end = meters.Mark(done=300, seconds=12.0, cpu={"scoring": 1.5, "broker": 2.1}, stolen=0.0)
    line = meters.between(begin, end)
    # 0.6 s of CPU for 200 events are 3,000 microseconds each; 200 events in 2 s are 100 a second.
    assert line["events_per_second"] == 100
    assert line["cpu_us_per_event"] == pytest.approx(3_000)
    assert line["cpu_us_by_part"] == {"scoring": 2_500.0, "broker": 500.0}


def test_the_cpu_of_this_process_is_found() -> None:
    assert meters.cpu_seconds([os.getpid()]) > 0


@pytest.mark.parametrize(("offset", "at"), [(0, 1.0), (4, 1.0), (5, 2.0), (9, 2.0), (10, None)])
def test_an_event_is_durable_at_the_first_look_beyond_its_offset(
    offset: int, at: float | None
) -> None:
    progress = ProgressTimeline()
    progress.note("scoring", 0, 0, 0.5)
    progress.note("scoring", 0, 5, 1.0)
    progress.note("scoring", 0, 5, 1.5)
    progress.note("scoring", 0, 10, 2.0)
    assert progress.passed("scoring", 0, offset) == at


def test_a_multitude_is_readable_states_under_other_names() -> None:
    pipeline = Pipeline()
    for line in feed.portfolio(3, 2):
        pipeline.apply(line)
    rows = list(_rows(list(pipeline.borrowers.values()), 7))
    assert len({row[0] for row in rows}) == 7
    for row in rows:
        assert isinstance(row[9], bytes)
        assert state_bytes.decode(row[9]).borrower_id == row[0]


def test_a_crowd_lives_in_order_and_not_in_step() -> None:
    coming = [
        feed.EventLine(b"B-%d" % (n % 2), b'{"subject":"B-%d","n":%d}' % (n % 2, n))
        for n in range(400)
    ]
    seen = list(many_borrowers.spread(coming, 150, 20_000))
    assert len(seen) == 20_000
    numbers: dict[bytes, list[int]] = {}
    for line in seen:
        assert line.key is not None
        numbers.setdefault(line.key, []).append(msgspec.json.decode(line.value)["n"])
    assert len(numbers) == 300
    assert all(one == sorted(set(one)) for one in numbers.values())
    # The same event comes to a copy and to the next but 100 others at once, never to all 150.
    together = [msgspec.json.decode(line.value)["n"] for line in seen[10_000:10_050]]
    assert max(together.count(one) for one in together) == 1
