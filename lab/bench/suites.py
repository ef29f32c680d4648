"""The suites of a bench run, each in an environment of its own so that no work is left over."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lab.bench import ceilings, ingest, latency, many_borrowers, scoring, soak, stages, verify_rate
from lab.bench.bulk_load import load_borrowers
from lab.bench.environment import PARTITIONS, MeasuredServers, fresh_environment
from lab.bench.feed import EventLine, events, load

Result = dict[str, object]
Report = Callable[[str], None]

LATENCY_SECONDS = 40
LATENCY_BORROWERS = 10_000
SINGLES = 8_000
MOST_FOR_INGEST = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOptions:
    """The options of one run."""

    events: int
    borrowers: int
    workers: tuple[int, ...]
    rates: tuple[int, ...]
    many_borrowers: int
    growth: tuple[int, ...]
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchSuites:
    """The suites on some servers; `report` is called with each step."""

    servers: MeasuredServers
    options: BenchOptions
    report: Report

    async def scoring(self) -> Result:
        """Measure ceilings and the whole path over the same records, for each number of workers."""
        by_workers: Result = {}
        lines = events(self.options.events, self.options.borrowers)
        for workers in self.options.workers:
            async with fresh_environment(self.servers) as environment:
                topic = environment.platform.events_topic
                self.report(f"loading {len(lines):,} events")
                count = await load(
                    environment.servers.bootstrap, topic, lines, partitions=PARTITIONS
                )
                self.report("ceilings: consume, decode, bare fold")
                limits = await ceilings.ceilings(environment, count)
                self.report(f"scoring with {workers} worker(s)")
                line = await scoring.throughput(environment, count, workers=workers)
                self.report("refolding the ledger (verify)")
                line["verify"] = await verify_rate.verify_rate(environment)
            by_workers[f"workers_{workers}"] = {
                **line,
                "ceilings": limits,
                "share_of_ceiling": _share(limits, line),
            }
        return by_workers

    async def latency(self) -> Result:
        """Measure event to ledger and to alerts at each rate, among borrowers of some weeks."""
        by_rate: Result = {}
        # A borrower has more than one event a day.
        most = max(self.options.rates) * LATENCY_SECONDS
        pipeline, coming, _ = many_borrowers.simulated_lives(
            days_ahead=most // LATENCY_BORROWERS + 2
        )
        for rate in self.options.rates:
            self.report(f"latency at {rate:,} events/s")
            async with fresh_environment(self.servers) as environment:
                await load_borrowers(
                    environment.database_url, pipeline, borrowers=LATENCY_BORROWERS, ledger_rows=0
                )
                copies = LATENCY_BORROWERS // many_borrowers.SIMULATED
                lines = list(many_borrowers.spread(coming, copies, rate * LATENCY_SECONDS))
                by_rate[f"rate_{rate}"] = await latency.latency(
                    environment, lines, rate=rate, workers=max(self.options.workers)
                )
        return by_rate

    async def soak(self) -> Result:
        """Measure memory over some minutes of a steady stream."""
        rate, minutes = self.options.rates[0], self.options.minutes
        count, copies = rate * 60 * minutes, LATENCY_BORROWERS // many_borrowers.SIMULATED
        self.report(f"memory during {minutes} minutes at {rate:,} events/s")
        # A borrower has more than one event a day.
        pipeline, coming, _ = many_borrowers.simulated_lives(
            days_ahead=count // LATENCY_BORROWERS + 2
        )
        async with fresh_environment(self.servers) as environment:
            await load_borrowers(
                environment.database_url, pipeline, borrowers=LATENCY_BORROWERS, ledger_rows=0
            )
            return await soak.soak(
                environment, list(many_borrowers.spread(coming, copies, count)), rate=rate
            )

    async def ingest(self) -> Result:
        """Measure HTTP ingest, in batches and one event a request."""
        self.report("http ingest")
        lines = self._bookable(min(self.options.events, MOST_FOR_INGEST))
        async with fresh_environment(self.servers) as environment:
            return await ingest.http_ingest(environment, lines, singles=min(SINGLES, len(lines)))

    async def day_close(self) -> Result:
        """Measure one day close over many borrowers."""
        self.report(f"day close over {self.options.many_borrowers:,} borrowers")
        workers = max(self.options.workers)
        async with fresh_environment(self.servers) as environment:
            return await many_borrowers.day_close(
                environment, borrowers=self.options.many_borrowers, workers=workers
            )

    async def growth(self) -> Result:
        """Measure the cost against the number of borrowers and the length of their history."""
        self.report("growth with history")
        by_history = stages.history()
        self.report(f"growth with borrowers: {self.options.growth}")
        by_borrowers = await many_borrowers.growth(
            self.servers,
            sizes=self.options.growth,
            events=self.options.events,
            workers=max(self.options.workers),
        )
        return {"history": by_history, "borrowers": by_borrowers}

    async def stages(self) -> Result:
        """Measure the pure stages alone."""
        self.report("stages")
        return stages.stages()

    def _bookable(self, count: int) -> list[EventLine]:
        return events(count, self.options.borrowers)

    def suites(self) -> dict[str, Callable[[], Awaitable[Result]]]:
        """Return all suites by the name that `--only` uses."""
        return {
            "stages": self.stages,
            "scoring": self.scoring,
            "latency": self.latency,
            "steady": self.soak,
            "ingest": self.ingest,
            "day-close": self.day_close,
            "growth": self.growth,
        }


def _share(limits: Result, line: Result) -> float:
    """Return the throughput as a share of that of processes that only read, decode and fold."""
    bare = limits["fold"]
    assert isinstance(bare, dict)
    alone = float(bare["events_per_second"]) * float(str(line["workers"]))
    return round(float(str(line["events_per_second"])) / alone, 2)
