"""One seeded history of the fenced consumer and the relay, and what must be true after it.

A few processes share a topic of a few partitions under faults for a while; then the faults end, and
within a bound everything must be done. The checks compare with the log that was written and not
with how it was read.
"""

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any

from services.kit.stream.consumer import FencedConsumer
from services.kit.stream.outbox import Outbox
from services.kit.stream.partition import State
from services.kit.stream.ports import Limits
from services.kit.stream.progress import PostgresProgress
from services.kit.stream.records import digest
from services.kit.stream.relay import OutboxRelay
from services.kit.stream.stop_reasons import NoProgress
from tests.simulation.broker import Broker, SimulatedProducer, SimulatedTopicReader
from tests.simulation.database import Server, SimulatedDatabase, Transaction
from tests.simulation.fault_rates import FaultRates
from tests.simulation.loop import Crashed, Process, SimulatedClock, pause
from tests.simulation.statements import SCHEMA, STATEMENTS
from tests.simulation.work import CountingHandler, LabelCheckingRecorder, expected_messages

CONSUMER = "simulated"
ROUGH_SECONDS = 12.0
# Twice the watchdog's patience with a slow database, a restart and a rebalance.
CALM_SECONDS = 120.0
LIMITS = Limits(
    max_records=7,
    max_waiting_records=12,
    batch_seconds=0.5,
    poll_seconds=1.0,
    retry_seconds=0.1,
    max_retry_seconds=1.0,
    release_seconds=4.0,
    no_progress_seconds=8.0,
    check_seconds=2.0,
    max_poison_in_a_row=1_000,
)


class ConsumerProcess:
    """One process with consumer, relay and handler, which is restarted when it ends."""

    def __init__(self, world: "StreamWorld", name: str) -> None:
        self.process = Process(name)
        self.log = SimulatedTopicReader(world.broker, self.process)
        database = SimulatedDatabase(world.server, STATEMENTS)
        outbox = Outbox(schema=SCHEMA)
        self.consumer = FencedConsumer(
            reader=self.log,
            database=database,
            progress=PostgresProgress(schema=SCHEMA, consumer=CONSUMER, owner=name),
            handler=CountingHandler(outbox),
            recorder=LabelCheckingRecorder(),
            clock=SimulatedClock(),
            relay=OutboxRelay(
                schema=SCHEMA,
                consumer=CONSUMER,
                outbox=outbox,
                database=database,
                producer=SimulatedProducer(world.broker, self.process),
                recorder=LabelCheckingRecorder(),
                clock=SimulatedClock(),
            ),
            limits=LIMITS,
        )
        self.task = self.process.run(self.consumer.run())

    def kill(self) -> None:
        """Ends the process as SIGKILL does: no further call of it reaches the world."""
        self.process.is_alive = False
        self.process.thaw()
        self.task.cancel()


@dataclass
class StreamWorld:
    """The state of one seed."""

    seed: int
    broker: Broker
    server: Server
    fault_rates: FaultRates
    members: list[ConsumerProcess] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    background: set["asyncio.Task[Any]"] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    last_commit: dict[int, tuple[int, int]] = field(default_factory=dict)
    born: int = 0
    written: int = 0
    is_calm: bool = False

    @classmethod
    def drawn(cls, seed: int) -> "StreamWorld":
        random = Random(f"stream {seed}")
        fault_rates = FaultRates.drawn(random)
        world = cls(
            seed=seed,
            broker=Broker(fault_rates, partitions=random.choice((1, 2, 3))),
            server=Server(fault_rates),
            fault_rates=fault_rates,
        )
        world.server.on_commit.append(world.watch_commit)
        return world

    @property
    def random(self) -> Random:
        return self.fault_rates.random

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def later(self, coroutine: Any) -> None:
        """Runs a coroutine in the background."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self.background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self.background.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.failures.append(f"the simulation itself failed: {task.exception()!r}")

    def watch_commit(self, transaction: Transaction) -> None:
        """Compares every commit with the one before: an independent check of the fence."""
        for key, row in transaction.writes.items():
            if key[0] != "progress":
                continue
            partition = key[3]
            epoch, offset = self.last_commit.get(partition, (0, 0))
            is_claim = row["epoch"] == epoch + 1 and row["next_offset"] == offset
            is_step = row["epoch"] == epoch and row["next_offset"] >= offset
            if not (is_claim or is_step):
                self.failures.append(
                    f"partition {partition}: epoch {row['epoch']} offset {row['next_offset']} "
                    f"was committed over epoch {epoch} offset {offset}"
                )
            self.last_commit[partition] = (row["epoch"], row["next_offset"])

    async def supervise(self) -> None:
        """Restarts processes that ended, and rebalances when the group changes."""
        while True:
            for member in list(self.members):
                if member.task.done() or not member.process.is_alive:
                    member.kill()
                    await asyncio.wait([member.task])
                    self._judge_end(member)
                    self.members.remove(member)
                    self.broker.remove_member(member.log)
                    self.start_member()
            await pause(0.5)

    def start_member(self) -> None:
        self.born += 1
        self.members.append(ConsumerProcess(self, f"p{self.born}"))

    def _judge_end(self, member: ConsumerProcess) -> None:
        if member.task.cancelled():
            return
        error = member.task.exception()
        for cause in _leaves(error):
            if isinstance(cause, NoProgress):
                self.count("ended by the watchdog")
            elif not isinstance(cause, Crashed | asyncio.CancelledError):
                self.failures.append(f"{member.process.name} ended with {cause!r}")

    async def run(self) -> None:
        """Plays the history: with faults, then without, then the end."""
        for _ in range(self.random.choice((1, 2, 3))):
            self.start_member()
        self.fault_rates.arm()
        supervisor = asyncio.get_running_loop().create_task(self.supervise())
        await self._be_rough()
        await self._calm_down()
        await self._wait_until_done()
        supervisor.cancel()
        await self._end_everybody()
        self._check()

    async def _be_rough(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + ROUGH_SECONDS
        while loop.time() < end:
            await pause(self.random.expovariate(2.5))
            self._write_some()
            if self.random.random() < 0.4:
                self._do_harm()
        self._write_some()

    def _write_some(self) -> None:
        random = self.random
        for _ in range(random.randrange(5)):
            partition = random.randrange(len(self.broker.held))
            gap = random.randrange(1, 5) if random.random() < 0.08 else 0
            self.written += 1
            value = f"{partition}-{self.written}"
            held = self.broker.held[partition]
            if held and random.random() < 0.08:
                repeated = random.choice(held)
                self.broker.write(partition, repeated.value, key=repeated.key or b"", gap=gap)
                continue
            if random.random() < 0.04:
                value = f"poison-{value}"
            self.broker.write(
                partition, value.encode(), key=b"%d-k%d" % (partition, random.randrange(4)), gap=gap
            )

    def _do_harm(self) -> None:
        harms = (
            self._rebalance,
            self._rebalance,
            self._overlap,
            self._kill,
            self._freeze,
            self._freeze,
            self._stop_one,
            self._join,
            self._database_down,
            self._broker_down,
            self._cut_connections,
            self._remove_member,
        )
        harm = self.random.choice(harms)
        self.count(harm.__name__.strip("_"))
        harm()

    def _rebalance(self) -> None:
        self.later(self.broker.rebalance())

    def _overlap(self) -> None:
        self.later(self.broker.rebalance(may_overlap=True))

    def _kill(self) -> None:
        if self.members:
            self.random.choice(self.members).kill()

    def _freeze(self) -> None:
        if self.members:
            self.later(self._frozen(self.random.choice(self.members).process))

    async def _frozen(self, process: Process) -> None:
        if self.is_calm:
            return
        process.freeze()
        seconds = self.random.uniform(0.1, 12.0)
        self.later(self.broker.rebalance())
        await pause(seconds)
        process.thaw()
        await self._come_back(process)

    async def _come_back(self, process: Process) -> None:
        """Lets a member learn, some time later, that the group has removed it."""
        await pause(self.random.uniform(0.0, 3.0))
        for member in self.members:
            if member.process is process and member.log.is_outside:
                await member.log.rejoin()

    def _stop_one(self) -> None:
        if self.members:
            member = self.random.choice(self.members)
            member.process.run(_call(member.consumer.request_stop))

    def _join(self) -> None:
        if len(self.members) < 4:
            self.start_member()

    def _remove_member(self) -> None:
        if self.broker.members:
            member = self.random.choice(self.broker.members)
            self.broker.remove_member(member)

    def _database_down(self) -> None:
        self.server.shut_down()
        self.later(self._up("database_is_down"))

    def _broker_down(self) -> None:
        self.fault_rates.broker_is_down = True
        self.later(self._up("broker_is_down"))

    def _cut_connections(self) -> None:
        self.server.cut_all()

    async def _up(self, what: str) -> None:
        await pause(self.random.uniform(0.1, 4.0))
        setattr(self.fault_rates, what, False)

    async def _calm_down(self) -> None:
        self.is_calm = True
        self.fault_rates.calm()
        for member in self.members:
            member.process.thaw()
        outside = [m.log for m in self.members if m.log.is_outside and m.process.is_alive]
        if outside:
            await asyncio.wait([asyncio.ensure_future(log.rejoin()) for log in outside], timeout=30)

    async def _wait_until_done(self) -> None:
        try:
            async with asyncio.timeout(CALM_SECONDS):
                while not self._is_done():
                    await pause(0.5)
        except TimeoutError:
            self.failures.append(f"not done {CALM_SECONDS:g} s after the faults ended")

    def _is_done(self) -> bool:
        rows = self.server.table("progress")
        positions = {key[2]: row["next_offset"] for key, row in rows.items()}
        wanted = {p: held[-1].offset + 1 for p, held in self.broker.held.items() if held}
        return all(positions.get(p) == end for p, end in wanted.items()) and not any(
            key[0] == "outbox" for key in self.server.rows
        )

    async def _end_everybody(self) -> None:
        for member in self.members:
            member.process.run(_call(member.consumer.request_stop))
        tasks = [member.task for member in self.members]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=60)
            if late:
                self.failures.append("a process did not end within 60 s of being asked to")
        for member in self.members:
            member.kill()
            await asyncio.wait([member.task])
            self._judge_end(member)
            stopped = [p for p, s in member.consumer.partitions.items() if s is State.STOPPED]
            if stopped:
                self.failures.append(f"partitions {stopped} stopped without a reason")
        await end_the_rest()

    def _check(self) -> None:
        for partition, held in self.broker.held.items():
            self._check_partition(partition, held)

    def _check_partition(self, partition: int, held: list[Any]) -> None:
        row = self.server.rows.get(("progress", CONSUMER, "events", partition))
        if not held or row is None:
            return
        expected = expected_messages(held)
        poison = {r.offset for r in held if r.value.startswith(b"poison")}
        quarantined = {key[2] for key in self.server.table("quarantine") if key[1] == partition}
        duplicates = len(held) - len(poison) - len(expected)
        self._same(partition, "quarantined offsets", quarantined, poison)
        self._same(partition, "records", row["records"], len(held))
        self._same(partition, "duplicates", row["duplicates"], duplicates)
        self._same(partition, "quarantined", row["quarantined"], len(poison))
        self._same(partition, "digest", row["last_digest"], digest(held[-1]))
        states: dict[str, list[str]] = {}
        for message in expected:
            key, _, event_id = message.decode().split(" ")
            states.setdefault(key, []).append(event_id)
        stored = {
            key[0]: list(state)
            for key, state in self.server.table("state").items()
            if key[0].startswith(f"{partition}-")
        }
        self._same(partition, "states", stored, states)
        sent = [message.value for message in self.broker.published.get(("risk", partition), ())]
        problem = first_break(sent, expected)
        if problem:
            self.failures.append(f"partition {partition}: {problem}")

    def _same(self, partition: int, what: str, actual: Any, expected: Any) -> None:
        if actual != expected:
            self.failures.append(
                f"partition {partition}: {what} are {actual!r}, must be {expected!r}"
            )


def first_break(sent: list[bytes], expected: list[bytes]) -> str | None:
    """Returns the first message that is out of order; a repeat is not."""
    indexes = {message: index for index, message in enumerate(expected)}
    following = 0
    for message in sent:
        index = indexes.get(message)
        if index is None:
            return f"published {message!r}, which must never be"
        if index > following:
            return f"published {message!r} before {expected[following]!r}"
        following = max(following, index + 1)
    if following != len(expected):
        return f"never published {expected[following]!r}"
    return None


def _leaves(error: BaseException | None) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for part in error.exceptions for leaf in _leaves(part)]
    return [] if error is None else [error]


async def end_the_rest() -> None:
    """Leave no task behind: what is left belongs to processes that are dead."""
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    if rest:
        await asyncio.gather(*rest, return_exceptions=True)


async def _call(function: Any) -> None:
    function()
