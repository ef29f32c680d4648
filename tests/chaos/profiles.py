"""How much is offered and how much goes wrong in one run."""

from dataclasses import dataclass

from services.kit.stream.faults import POINTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of run. `full` is ten seeds of its run; each appends one line to the proof."""

    name: str
    borrowers: int
    days: int
    seconds: float
    deliver_within_seconds: float = 150.0
    endpoints: int
    kills: int
    kills_at_points: int
    broker_crashes: int
    database_crashes: int
    cut_connections: int
    zombies: int
    rebalances: int
    slow_databases: int
    full_databases: int
    lost_brokers: int = 0
    """Crashes after which the broker is down for a minute."""
    judges_recovery: bool = True
    """Whether the run must recover in the promised time; not among other tests, on any machine."""
    repeats_per_thousand: int = 20
    closes_every_days: int = 1
    verifies_ledger: bool = True
    """Whether the ledger is refolded too, which takes as long again."""
    broken_every: int = 400


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="ci",
            borrowers=150,
            days=540,
            seconds=90,
            deliver_within_seconds=150,
            endpoints=1,
            kills=10,
            kills_at_points=3,
            broker_crashes=2,
            database_crashes=2,
            cut_connections=1,
            zombies=2,
            rebalances=1,
            slow_databases=1,
            full_databases=1,
            judges_recovery=False,
            closes_every_days=3,
            verifies_ledger=False,
        ),
        Profile(
            name="full",
            borrowers=150,
            days=540,
            seconds=270,
            endpoints=24,
            kills=12,
            kills_at_points=len(POINTS),
            broker_crashes=2,
            database_crashes=2,
            cut_connections=3,
            zombies=10,
            rebalances=3,
            slow_databases=3,
            full_databases=2,
            lost_brokers=1,
        ),
        Profile(
            name="soak",
            borrowers=300,
            days=720,
            seconds=7200,
            endpoints=6,
            kills=120,
            kills_at_points=20,
            broker_crashes=6,
            database_crashes=6,
            cut_connections=10,
            zombies=20,
            rebalances=10,
            slow_databases=10,
            full_databases=6,
            lost_brokers=2,
        ),
    )
}
