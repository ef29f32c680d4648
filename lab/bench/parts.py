"""The parts of a bench run, each on fresh ground, so that none leaves work to the next."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lab.bench import ceilings, crowd, ingest, latency, replaying, scoring, stages, steady
from lab.bench.feed import Line, events, load
from lab.bench.ground import PARTITIONS, Servers, fresh
from lab.bench.multitude import settle

Result = dict[str, object]
Progress = Callable[[str], None]

LATENCY_SECONDS = 40
LATENCY_BORROWERS = 10_000
SINGLES = 8_000
MOST_FOR_INGEST = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for."""

    events: int
    borrowers: int
    workers: tuple[int, ...]
    rates: tuple[int, ...]
    crowd: int
    growth: tuple[int, ...]
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A run on some servers."""

    servers: Servers
    wanted: Wanted
    tell: Progress

    async def scoring(self) -> Result:
        """Ceilings and the whole path over the same records, for each number of workers."""
        found: Result = {}
        lines = events(self.wanted.events, self.wanted.borrowers)
        for workers in self.wanted.workers:
            async with fresh(self.servers) as ground:
                topic = ground.platform.events_topic
                self.tell(f"loading {len(lines):,} events")
                count = await load(ground.servers.bootstrap, topic, lines, partitions=PARTITIONS)
                self.tell("ceilings: consume, decode, bare fold")
                limits = await ceilings.ceilings(ground, count)
                self.tell(f"scoring with {workers} worker(s)")
                line = await scoring.throughput(ground, count, workers=workers)
                self.tell("folding the ledger afresh (verify)")
                line["verify"] = await replaying.verify_rate(ground)
            found[f"workers_{workers}"] = {
                **line,
                "ceilings": limits,
                "share_of_ceiling": _share(limits, line),
            }
        return found

    async def latency(self) -> Result:
        """Event to ledger and to alerts at each rate, among borrowers who have lived for weeks."""
        found: Result = {}
        # A borrower has more than one event a day.
        most = max(self.wanted.rates) * LATENCY_SECONDS
        pipeline, coming, _ = crowd.lives(days_ahead=most // LATENCY_BORROWERS + 2)
        for rate in self.wanted.rates:
            self.tell(f"latency at {rate:,} events/s")
            async with fresh(self.servers) as ground:
                await settle(
                    ground.database_url, pipeline, borrowers=LATENCY_BORROWERS, ledger_rows=0
                )
                copies = LATENCY_BORROWERS // crowd.SIMULATED
                lines = list(crowd.spread(coming, copies, rate * LATENCY_SECONDS))
                found[f"rate_{rate}"] = await latency.latency(
                    ground, lines, rate=rate, workers=max(self.wanted.workers)
                )
        return found

    async def steady(self) -> Result:
        """Memory over some minutes of a steady stream."""
        rate, minutes = self.wanted.rates[0], self.wanted.minutes
        count, copies = rate * 60 * minutes, LATENCY_BORROWERS // crowd.SIMULATED
        self.tell(f"memory during {minutes} minutes at {rate:,} events/s")
        # A borrower has more than one event a day.
        pipeline, coming, _ = crowd.lives(days_ahead=count // LATENCY_BORROWERS + 2)
        async with fresh(self.servers) as ground:
            await settle(ground.database_url, pipeline, borrowers=LATENCY_BORROWERS, ledger_rows=0)
            return await steady.steady(ground, list(crowd.spread(coming, copies, count)), rate=rate)

    async def ingest(self) -> Result:
        """HTTP, in batches and one by one."""
        self.tell("http ingest")
        lines = self._bookable(min(self.wanted.events, MOST_FOR_INGEST))
        async with fresh(self.servers) as ground:
            return await ingest.http_ingest(ground, lines, singles=min(SINGLES, len(lines)))

    async def day_close(self) -> Result:
        """One day close over a crowd."""
        self.tell(f"day close over {self.wanted.crowd:,} borrowers")
        workers = max(self.wanted.workers)
        async with fresh(self.servers) as ground:
            return await crowd.day_close(ground, borrowers=self.wanted.crowd, workers=workers)

    async def growth(self) -> Result:
        """Cost against the number of borrowers and the length of their history."""
        self.tell("growth with history")
        by_history = stages.history()
        self.tell(f"growth with borrowers: {self.wanted.growth}")
        by_borrowers = await crowd.growth(
            self.servers,
            sizes=self.wanted.growth,
            events=self.wanted.events,
            workers=max(self.wanted.workers),
        )
        return {"history": by_history, "borrowers": by_borrowers}

    async def stages(self) -> Result:
        """The pure stages by themselves."""
        self.tell("stages")
        return stages.stages()

    def _bookable(self, count: int) -> list[Line]:
        return events(count, self.wanted.borrowers)

    def parts(self) -> dict[str, Callable[[], Awaitable[Result]]]:
        """Return all parts by the name that `--only` uses."""
        return {
            "stages": self.stages,
            "scoring": self.scoring,
            "latency": self.latency,
            "steady": self.steady,
            "ingest": self.ingest,
            "day-close": self.day_close,
            "growth": self.growth,
        }


def _share(limits: Result, line: Result) -> float:
    """Return the throughput over that of as many processes that only read, decode and fold."""
    bare = limits["fold"]
    assert isinstance(bare, dict)
    alone = float(bare["events_per_second"]) * float(str(line["workers"]))
    return round(float(str(line["events_per_second"])) / alone, 2)
