"""The verification itself: refold, compare states, compare risk events, count."""

from collections.abc import Callable
from dataclasses import dataclass

from services.cli.verify.books import Books
from services.cli.verify.findings import Findings
from services.cli.verify.published import Topics
from services.cli.verify.refolding import Expected, Refolding, fingerprint
from services.cli.verify.stored import Stored
from services.cli.verify.told import TellTales
from services.scoring.adapters import state_bytes
from services.scoring.adapters.wire import Decoder
from services.scoring.domain.rulebook.context import Context
from services.scoring.domain.rulebook.timeline import Timeline

ROWS_A_TICK = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is verified against what."""

    events_topic: str
    risk_topic: str
    decoder: Decoder
    context: Context


class Verification:
    """One run."""

    def __init__(self, scope: Scope, *, tick: Callable[[int], None]) -> None:
        self._scope = scope
        self._tick = tick
        self._expected: dict[str, list[Expected]] = {}
        self._books = Books({})
        self._tales = TellTales()
        self.findings = Findings()

    async def run(self, stored: Stored, broker: Topics) -> Findings:
        """Compare everything; return what was found."""
        await self.count(stored, broker)
        self._books = Books(await stored.rulebooks())
        for row in await stored.partitions(self._scope.events_topic):
            await self._compare_states(stored, row["partition"])
        await self._compare_said(stored)
        await self._compare_sent(broker)
        return self.findings

    async def count(self, stored: Stored, broker: Topics) -> None:
        """Compare what was offered with what became of it."""
        findings = self.findings
        spans = await broker.spans(self._scope.events_topic)
        counts = await stored.counts()
        partitions = {
            row["partition"]: row for row in await stored.partitions(self._scope.events_topic)
        }
        for number, (_, end) in spans.items():
            row = partitions.get(number)
            findings.offered += end
            done = 0 if row is None else row["next_offset"]
            findings.waits(f"records of partition {number} not applied yet", max(0, end - done))
        findings.duplicates = sum(row["duplicates"] for row in partitions.values())
        findings.quarantined = counts["quarantined"]
        records = sum(row["records"] for row in partitions.values())
        settled = counts["applied"] + findings.duplicates + findings.quarantined
        if records != settled:
            findings.differs(
                f"{records} records were read; applied + duplicates + quarantined are {settled}"
            )
        marked = sum(row["quarantined"] for row in partitions.values())
        if marked != findings.quarantined:
            findings.differs(f"{marked} records were set aside; {findings.quarantined} are kept")
        findings.waits("risk events not relayed yet", counts["outbox"])
        findings.waits("borrowers that a day close has not reached yet", counts["behind"])

    async def _compare_states(self, stored: Stored, partition: int) -> None:
        timeline = Timeline(self._scope.context, self._books.find)
        refolding = Refolding(self._scope.decoder, timeline)
        rows = 0
        async for row in stored.ledger(partition):
            refolding.take(row["offset"], row["event"])
            rows += 1
            if rows % ROWS_A_TICK == 0:
                self._tick(ROWS_A_TICK)
        self._tick(rows % ROWS_A_TICK)
        result, findings = refolding.result, self.findings
        findings.events += result.events
        findings.borrowers += len(result.borrowers)
        self._tales.came.update(result.came)
        missing = set(result.borrowers)
        async for row in stored.states(partition):
            name = row["borrower_id"]
            borrower = result.borrowers.get(name)
            missing.discard(name)
            if borrower is None:
                findings.differs(f"{name} is stored and has no event in the ledger")
                continue
            now = refolding.stored_as_of_now(row["state"], row["closed_offset"])
            if now != state_bytes.encode(borrower):
                findings.differs(f"{name}: the stored state is not what its ledger gives")
            self._expect(name, result.said.get(name, []), row["closed_offset"])
            self._tales.expect(result.told.get(name, []), row["closed_offset"])
        for name in sorted(missing):
            findings.differs(f"{name} has events in the ledger and no stored state")

    def _expect(self, name: str, said: list[Expected], closed_offset: int) -> None:
        """Keep what must have been said by now: not what a pending close will say."""
        due = [one for one in said if not one.from_close or one.offset <= closed_offset]
        self._expected[name] = due

    async def _compare_said(self, stored: Stored) -> None:
        findings = self.findings
        found: dict[str, int] = {}
        async for row in stored.said():
            name, sequence = row["borrower_id"], row["sequence"]
            findings.risk_events += 1
            found[name] = found.get(name, 0) + 1
            due = self._expected.get(name, [])
            if sequence != found[name] or sequence > len(due):
                findings.differs(f"{name}: assessment {sequence} should not be there")
            elif due[sequence - 1].digest != fingerprint(row["event"]):
                findings.differs(f"{name}: assessment {sequence} is not what its ledger gives")
        for name, due in self._expected.items():
            if found.get(name, 0) < len(due):
                findings.differs(f"{name}: {len(due) - found.get(name, 0)} assessments are missing")

    async def _compare_sent(self, broker: Topics) -> None:
        sent = await broker.sent(self._scope.risk_topic, tick=self._tick)
        findings = self.findings
        for name, due in self._expected.items():
            known = sent.pop(name, {})
            for place, one in enumerate(due, start=1):
                if place not in known:
                    if not findings.waiting:
                        findings.differs(f"{name}: risk event {place} was never sent")
                elif known[place] != one.digest:
                    findings.differs(f"{name}: risk event {place} was sent with other bytes")
            if not findings.waiting and len(known) > len(due):
                findings.differs(f"{name}: {len(known) - len(due)} risk events too many were sent")
        if sent and not findings.waiting:
            findings.differs(f"{len(sent)} borrowers on the risk topic are in no ledger")
        self._tales.compare(findings, broker.others)
