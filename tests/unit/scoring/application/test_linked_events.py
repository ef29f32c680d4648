"""Events for linked borrowers leave by the outbox and come back by the events topic."""

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
        """Write and apply events until no linked event follows."""
        waiting = list(raws)
        while waiting:
            await self.worker.apply(waiting)
            self.log += waiting
            await self.worker.finish_sweeps()
            waiting = self._relayed()

    def _relayed(self) -> list[bytes]:
        new = self.worker.outbox.messages[self.relayed :]
        self.relayed = len(self.worker.outbox.messages)
        linked = [message for message in new if message.topic == "events"]
        for message in linked:
            assert message.key == json.loads(message.value)["subject"].encode()
        values = [message.value for message in linked]
        return values * 2 if self.repeats else values

    def linked_events(self) -> list[bytes]:
        return [raw for raw in self.log if json.loads(raw)["source"] == SOURCE]


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
        name: state_bytes.encode(state) for name, state in expected.borrowers.items()
    }
    kinds = [json.loads(raw)["type"] for raw in topic.linked_events()]
    assert kinds.count("dependant.linked.v1") == 3
    # Three links; A's default; A's probation. B's and C's watch came from a link: no event.
    assert kinds.count("related-state.changed.v1") == 5


async def test_a_file_of_what_was_fed_gives_what_the_topic_gave() -> None:
    topic = await lived(Topic())
    fed = [raw for raw in topic.log if json.loads(raw)["source"] != SOURCE]
    run = OfflineScorer(RULEBOOK, OfflineSettings(zone=ZONE, closes_days=False))
    list(run.fold_lines(fed))
    stored = {name: state_bytes.decode(state) for name, state in topic.worker.stored().items()}
    # On the topic, what a close causes at another borrower comes after the next close: one
    # assessment fewer of a borrower that is assessed every day, and nothing else.
    for borrower in (*run.borrowers.values(), *stored.values()):
        borrower.risk.sequence = 0
    assert run.borrowers == stored
    # A file that contains the linked events already, as an export of the ledger does, gives the
    # same states.
    again = OfflineScorer(RULEBOOK, OfflineSettings(zone=ZONE, closes_days=False))
    list(again.fold_lines(sorted(topic.log, key=lambda raw: str(json.loads(raw)["time"]))))
    assert again.counts.duplicates == len(topic.linked_events())


def test_a_guarantor_without_events_in_a_file_is_not_shown() -> None:
    run = OfflineScorer(RULEBOOK, OfflineSettings(zone=ZONE, closes_days=False))
    lines = [registered("B"), guarantees("G", "B"), closed(0)]
    shown = {assessment.borrower.borrower_id for assessment in run.fold_lines(lines)}
    assert shown == {"B"} == {assessment.borrower.borrower_id for assessment in run.latest()}


async def test_what_is_relayed_twice_is_a_duplicate() -> None:
    topic = await lived(Topic(repeats=True))
    once = unrepeated(topic.log)
    assert len(topic.log) == len(once) + len(topic.linked_events()) // 2
    assert topic.worker.stored() == {
        name: state_bytes.encode(state) for name, state in eager(once).borrowers.items()
    }


async def test_every_linked_event_is_accounted_for() -> None:
    topic = await lived(Topic())
    refolded = eager(topic.log)
    events, findings = DueEvents("{1} for {0}", "is in no ledger"), VerifyFindings()
    for due in refolded.linked.values():
        events.expect(due, len(topic.log))
    events.actual.update(refolded.arrived)
    events.compare(findings)
    assert findings.differences == []
    assert len(events.due) == len(topic.linked_events())


async def test_a_linked_event_that_is_lost_changed_or_made_up_is_found() -> None:
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
