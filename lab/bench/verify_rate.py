"""Measures how fast the ledger is refolded: what `tocsin verify` does with every row."""

import time

from lab.bench.environment import BenchEnvironment
from lab.bench.meters import per_event
from services.cli.errors import CommandError
from services.cli.verify.commands import verified

WAIT_SECONDS = 30.0


async def verify_rate(environment: BenchEnvironment) -> dict[str, object]:
    """Verify what a run left behind; return speed, and fail if anything differs.

    Raises:
        CommandError: If state or risk events are not what the ledger gives.
    """
    began, cpu = time.monotonic(), time.process_time()
    findings = await verified(environment.platform, "default", wait_seconds=WAIT_SECONDS)
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    if not findings.verified:
        raise CommandError(
            f"The run is not verified: {findings.obstacles[:3]}",
            remedy="A figure of a wrong result is worth nothing; run `tocsin verify` on it.",
        )
    return {
        "verified": True,
        "events_per_second": round(findings.applied / seconds) if seconds else 0,
        "cpu_us_per_event": per_event(cpu, findings.applied),
    }
