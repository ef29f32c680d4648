"""One seeded history of the webhook dispatcher: receivers fail, dispatchers die and freeze.

Afterwards every delivery must have arrived or used up all its attempts, always under the same id
and a genuine signature; on an ordered endpoint no event may have arrived before every earlier one
of its borrower was accepted or exhausted; without faults nothing may have been sent twice.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from urllib.parse import urlsplit

import msgspec

from services.alerts.delivery.adapters.channels.http_poster import HttpRequest, result_of
from services.alerts.delivery.adapters.channels.registry import ChannelRegistry
from services.alerts.delivery.application.dispatcher import Dispatcher, DispatchLimits
from services.alerts.delivery.domain import signing
from services.alerts.delivery.domain.address_policy import AddressPolicy
from services.alerts.delivery.domain.attempt import AttemptReport, AttemptResult, ResultCode
from tests.fakes.ids import CountingIds
from tests.simulation.delivery_rows import SECRET, DeliveryRows, Endpoint
from tests.simulation.fault_rates import FaultRates
from tests.simulation.loop import Crashed, Process, SimulatedClock, pause
from tests.simulation.stream_world import end_the_rest
from tests.simulation.work import LabelCheckingRecorder

ROUGH_SECONDS = 15.0
CALM_SECONDS = 400.0
STEPS = tuple(timedelta(seconds=s) for s in (0, 1, 2, 4, 8, 16, 32, 64))
LIMITS = DispatchLimits(
    per_endpoint=3,
    most_in_flight=6,
    lease_seconds=3.0,
    poll_seconds=0.5,
    drain_seconds=4.0,
    disable_after=timedelta(hours=1),
)


@dataclass(frozen=True)
class Arrival:
    """A message as a receiver got it."""

    endpoint_id: str
    borrower_id: str
    feed_id: int
    webhook_id: str
    was_accepted: bool


class Receivers:
    """All receivers; they fail at the world's rates."""

    def __init__(self, world: "WebhookWorld", process: Process) -> None:
        self._world = world
        self._process = process

    async def post(self, request: HttpRequest) -> AttemptResult:
        fault_rates = self._world.fault_rates
        self._process.check()
        await pause(fault_rates.delay() * 30)
        self._process.check()
        if fault_rates.broker_is_down:
            return _result(ResultCode.UNREACHABLE)
        refuses = fault_rates.happens(fault_rates.produce_fails)
        self._world.arrived(request, was_accepted=not refuses)
        await pause(fault_rates.delay() * 30)
        self._process.check()
        if refuses:
            codes = (ResultCode.SERVER_ERROR, ResultCode.OVERLOADED, ResultCode.REDIRECTED)
            retry_after = fault_rates.random.choice((None, timedelta(seconds=2)))
            return _result(fault_rates.random.choice(codes), retry_after)
        if fault_rates.happens(fault_rates.answer_lost):
            return _result(ResultCode.TIMED_OUT)
        return _result(ResultCode.DELIVERED)


def _result(code: ResultCode, retry_after: timedelta | None = None) -> AttemptResult:
    return result_of(AttemptReport(code=code), retry_after=retry_after)


class Runner:
    """One dispatcher process."""

    def __init__(self, world: "WebhookWorld", name: str) -> None:
        self.process = Process(name)
        self.stop = asyncio.Event()
        clock = SimulatedClock(skew_seconds=world.random.uniform(-240.0, 240.0))
        self.dispatcher = Dispatcher(
            queue=world.rows,
            channel=ChannelRegistry(
                poster=Receivers(world, self.process), clock=clock, policy=AddressPolicy()
            ),
            clock=clock,
            recorder=LabelCheckingRecorder(),
            new_token=CountingIds(f"{name}-"),
            draw=world.random.random,
            limits=LIMITS,
            steps=STEPS,
        )
        self.task = self.process.run(self.dispatcher.run(self.stop))

    def kill(self) -> None:
        """Ends the process as SIGKILL does."""
        self.process.is_alive = False
        self.process.thaw()
        self.task.cancel()


@dataclass
class WebhookWorld:
    """The state of one seed."""

    seed: int
    fault_rates: FaultRates
    rows: DeliveryRows
    runners: list[Runner] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    accepted: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    feed: int = 0
    born: int = 0
    is_rough: bool = True

    @classmethod
    def drawn(cls, seed: int) -> "WebhookWorld":
        fault_rates = FaultRates.drawn(Random(f"webhooks {seed}"))
        world = cls(seed=seed, fault_rates=fault_rates, rows=DeliveryRows(fault_rates))
        world.is_rough = fault_rates.random.random() < 0.9
        if not world.is_rough:
            fault_rates.calm()
        for number in range(fault_rates.random.choice((1, 2))):
            name = f"e{number}"
            world.rows.endpoints[name] = Endpoint(endpoint_id=name, is_ordered=number == 0)
        return world

    @property
    def random(self) -> Random:
        return self.fault_rates.random

    def arrived(self, request: HttpRequest, *, was_accepted: bool) -> None:
        """Records a message, and checks the rules that apply at every moment."""
        document = msgspec.json.decode(request.body)["data"]
        arrival = Arrival(
            endpoint_id=str(urlsplit(request.url).hostname).split(".")[0],
            borrower_id=document["borrower_id"],
            feed_id=document["feed_id"],
            webhook_id=request.headers["webhook-id"],
            was_accepted=was_accepted,
        )
        checked = signing.verify(
            request.headers, body=request.body, secrets=[SECRET], now=SimulatedClock().now()
        )
        if not checked.is_genuine:
            self.failures.append(f"{arrival}: {checked.reason}")
        if arrival.webhook_id != f"msg_{arrival.feed_id}":
            self.failures.append(f"{arrival}: another id")
        self._check_order(arrival)
        self.arrivals.append(arrival)

    def _check_order(self, arrival: Arrival) -> None:
        if not self.rows.endpoints[arrival.endpoint_id].is_ordered:
            return
        key = (arrival.endpoint_id, arrival.borrower_id)
        accepted = self.accepted.setdefault(key, set())
        for row in self.rows.of_borrower(*key):
            if row.feed_id >= arrival.feed_id:
                break
            if row.feed_id not in accepted and row.status != "EXHAUSTED":
                self.failures.append(f"{arrival} came before {row.feed_id} was accepted")
        if arrival.was_accepted:
            accepted.add(arrival.feed_id)

    async def run(self) -> None:
        """Plays the history: with faults, then without, then the end."""
        self.fault_rates.arm()
        for _ in range(self.random.choice((1, 2, 3))):
            self._start()
        loop = asyncio.get_running_loop()
        end = loop.time() + ROUGH_SECONDS
        later: set[asyncio.Task[None]] = set()
        while loop.time() < end:
            await pause(self.random.expovariate(2.0))
            self._replace_the_dead()
            self._add_some()
            if self.is_rough and self.random.random() < 0.4:
                later.add(loop.create_task(self._harm()))
        self.fault_rates.calm()
        await self._wait_until_done()
        await self._end(later)
        self._check()

    def _start(self) -> None:
        self.born += 1
        self.runners.append(Runner(self, f"d{self.born}"))

    def _replace_the_dead(self) -> None:
        for runner in list(self.runners):
            if runner.task.done() or not runner.process.is_alive:
                runner.kill()
                self.runners.remove(runner)
                self._start()

    def _add_some(self) -> None:
        for _ in range(self.random.randrange(4)):
            self.feed += 1
            borrower_id = f"b{self.random.randrange(3)}"
            for endpoint_id in self.rows.endpoints:
                self.rows.add(
                    feed_id=self.feed,
                    endpoint_id=endpoint_id,
                    borrower_id=borrower_id,
                    at=SimulatedClock().now(),
                )

    async def _harm(self) -> None:
        kind = self.random.choice(("kill", "freeze", "freeze", "stop", "database", "network"))
        self.counts[kind] = self.counts.get(kind, 0) + 1
        runner = self.random.choice(self.runners)
        seconds = self.random.uniform(0.1, 8.0)
        if kind == "kill":
            runner.kill()
        elif kind == "stop":
            runner.stop.set()
        elif kind == "freeze":
            runner.process.freeze()
            await pause(seconds)
            runner.process.thaw()
        else:
            what = {"database": "database_is_down", "network": "broker_is_down"}[kind]
            setattr(self.fault_rates, what, True)
            await pause(seconds / 2)
            setattr(self.fault_rates, what, False)

    async def _wait_until_done(self) -> None:
        try:
            async with asyncio.timeout(CALM_SECONDS):
                while self.rows.is_anything_pending():
                    await pause(2.0)
                    self._replace_the_dead()
        except TimeoutError:
            self.failures.append(f"not done {CALM_SECONDS:g} s after the faults ended")

    async def _end(self, later: "set[asyncio.Task[None]]") -> None:
        if later:
            await asyncio.wait(later)
        for runner in self.runners:
            runner.stop.set()
        await asyncio.wait([runner.task for runner in self.runners], timeout=30)
        for runner in self.runners:
            if not runner.task.done():
                self.failures.append(f"{runner.process.name} did not end")
            runner.kill()
        await end_the_rest()
        for runner in self.runners:
            error = None if runner.task.cancelled() else runner.task.exception()
            if error is not None and not isinstance(error, Crashed):
                self.failures.append(f"{runner.process.name} ended with {error!r}")

    def _check(self) -> None:
        accepted = {
            (arrival.endpoint_id, arrival.feed_id)
            for arrival in self.arrivals
            if arrival.was_accepted
        }
        for row in self.rows.rows.values():
            if row.status == "DELIVERED" and (row.endpoint_id, row.feed_id) not in accepted:
                self.failures.append(f"{row} never arrived")
            if row.status == "EXHAUSTED" and row.attempts < len(STEPS):
                self.failures.append(f"{row} was given up too early")
        if not self.is_rough and len(self.arrivals) != len(self.rows.rows):
            self.failures.append("without any fault something was sent twice")
