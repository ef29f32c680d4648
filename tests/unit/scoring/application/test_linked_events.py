"""What borrowers tell each other leaves by the outbox and comes back by the events topic."""

import json

from services.cli.verify.due_events import DueEvents
from services.cli.verify.findings import VerifyFindings
from services.scoring.adapters import state_bytes
from services.scoring.adapters.assessment_json import SOURCE
from services.scoring.adapters.offline import OfflineScorer, OfflineSettings
from tests.fakes.scoring_worker import RULEBOOK, ZONE, MemoryWorker, eager
from tests.fakes.wire_events import closed, event, registered

RING = ("A", "B", "C")


def guarantees(guarantor: str, borrower: str) -> bytes:
    return event(
        "guarantor.linked",
        borrower,
        f"{guarantor}-for-{borrower}",
        day=0,
        guarantor_borrower_id=guarantor,
        coverage_amount="5000.00",
        currency="EUR",
        effective_date="2026-01-01",
    )


def reported(borrower: str, kind: str, day: int) -> bytes:
    return event(
        "external-delinquency.reported",
        borrower,
        f"{borrower}-{kind}-{day}",
        day=day,
        report_date="2026-01-05",
        reporter="court",
        kind=kind,
    )


class Topic:
    """The events topic: what was fed, and what the relay brings back; possibly twice."""

    def __init__(self, *, repeats: bool = False, **changes: int) -> None:
        self.worker = MemoryWorker(**changes)
        self.log: list[bytes] = []
        self.repeats = repeats
        self.relayed = 0

    async def write(self, *raws: bytes) -> None:
        """Write, apply, and go on until nobody has anything to say."""
        waiting = list(raws)
        while waiting:
            await self.worker.apply(waiting)
            self.log += waiting
            await self.worker.finish_sweeps()
            waiting = self._relayed()

    def _relayed(self) -> list[bytes]:
        new = self.worker.outbox.messages[self.relayed :]
        self.relayed = len(self.worker.outbox.messages)
        told = [one for one in new if one.topic == "events"]
        for one in told:
            assert one.key == json.loads(one.value)["subject"].encode()
        values = [one.value for one in told]
        return values * 2 if self.repeats else values

    def told(self) -> list[bytes]:
        return [one for one in self.log if json.loads(one)["source"] == SOURCE]


async def lived(topic: Topic) -> Topic:
    """Let A's trouble into a ring of guarantors, over days."""
    await topic.write(*(registered(name) for name in RING))
    await topic.write(guarantees("A", "B"), guarantees("B", "C"), guarantees("C", "A"))
    await topic.write(closed(0), reported("A", "INSOLVENCY", 1), closed(1))
    await topic.write(reported("B", "ARREARS", 2), closed(2), reported("A", "CLEARED", 3))
    for day in range(3, 12):
        await topic.write(closed(day))
    return topic


def unrepeated(log: list[bytes]) -> list[bytes]:
    return list(dict.fromkeys(log))


async def test_a_ring_through_the_shell_gives_what_the_fold_of_its_log_gives() -> None:
    topic = await lived(Topic(sweep_size=2, most_cached_borrowers=1))
    expected = eager(topic.log)
    assert topic.worker.stored() == {
        name: state_bytes.encode(one) for name, one in expected.borrowers.items()
    }
    kinds = [json.loads(one)["type"] for one in topic.told()]
    assert kinds.count("dependant.linked.v1") == 3
    # Three answers; A's default; A's probation. B's and C's watch was caught: not told.
    assert kinds.count("related-state.changed.v1") == 5


async def test_a_file_of_what_was_fed_gives_what_the_topic_gave() -> None:
    topic = await lived(Topic())
    fed = [one for one in topic.log if json.loads(one)["source"] != SOURCE]
    run = OfflineScorer(RULEBOOK, OfflineSettings(zone=ZONE, closes_days=False))
    list(run.fold_lines(fed))
    assert {name: state_bytes.encode(one) for name, one in run.borrowers.items()} == {
        name: state for name, state in topic.worker.stored().items()
    }
    # A file that holds what was told already, as an export of the ledger does, changes nothing.
    again = OfflineScorer(RULEBOOK, OfflineSettings(zone=ZONE, closes_days=False))
    list(again.fold_lines(sorted(topic.log, key=lambda one: str(json.loads(one)["time"]))))
    assert again.counts.duplicates == len(topic.told())


def test_a_guarantor_of_whom_a_file_says_nothing_is_not_shown() -> None:
    run = OfflineScorer(RULEBOOK, OfflineSettings(zone=ZONE, closes_days=False))
    lines = [registered("B"), guarantees("G", "B"), closed(0)]
    shown = {one.borrower.borrower_id for one in run.fold_lines(lines)}
    assert shown == {"B"} == {one.borrower.borrower_id for one in run.latest()}


async def test_what_is_relayed_twice_is_a_duplicate() -> None:
    topic = await lived(Topic(repeats=True))
    once = unrepeated(topic.log)
    assert len(topic.log) == len(once) + len(topic.told()) // 2
    assert topic.worker.stored() == {
        name: state_bytes.encode(one) for name, one in eager(once).borrowers.items()
    }


async def test_everything_told_is_accounted_for() -> None:
    topic = await lived(Topic())
    refolded = eager(topic.log)
    events, findings = DueEvents("{1} for {0}", "is in no ledger"), VerifyFindings()
    for due in refolded.linked.values():
        events.expect(due, len(topic.log))
    events.actual.update(refolded.arrived)
    events.compare(findings)
    assert findings.differences == []
    assert len(events.due) == len(topic.told())


async def test_a_told_event_that_is_lost_changed_or_made_up_is_found() -> None:
    topic = await lived(Topic())
    refolded = eager(topic.log)
    (lost, changed), made_up = list(refolded.arrived)[:2], ("C", "told:A:99")
    refolded.arrived.pop(lost)
    refolded.arrived[changed] = refolded.arrived[made_up] = b"other"
    events, findings = DueEvents("{1} for {0}", "is in no ledger"), VerifyFindings()
    for due in refolded.linked.values():
        events.expect(due, len(topic.log))
    events.actual.update(refolded.arrived)
    events.compare(findings)
    assert set(findings.differences) == {
        f"{lost[1]} for {lost[0]} is in no ledger",
        f"{changed[1]} for {changed[0]} is not what the ledger gives",
        "told:A:99 for C has no cause in any ledger",
    }
