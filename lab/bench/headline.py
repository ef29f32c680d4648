"""The headline of a bench run: one flat set of keys that scripts and comparisons rely on.

Taken from the suites that were run; what was not run is null. Throughput is that of the largest
number of workers, latency that of the first rate, from the event to the commit of alerts.
"""

from typing import Any


def headline(results: dict[str, Any]) -> dict[str, object]:
    """Return the flat keys of a run's results."""
    line = _largest(results.get("scoring"))
    ceilings = line.get("ceilings", {})
    latency = _first(results.get("latency")).get("event_to_alerts_ms", {})
    steal = line.get("steal_ratio")
    return {
        "events": line.get("events"),
        "workers": line.get("workers"),
        "end_to_end_eps": line.get("events_per_second"),
        "cpu_us_per_event": line.get("cpu_us_per_event"),
        "steal_pct": None if steal is None else round(steal * 100, 1),
        "consume_decode_eps": ceilings.get("decode", {}).get("events_per_second"),
        "fold_eps": ceilings.get("bare_fold", {}).get("events_per_second"),
        "ceiling_eps": ceilings.get("fold", {}).get("events_per_second"),
        "share_of_ceiling": line.get("share_of_ceiling"),
        "latency_p50_ms": latency.get("p50"),
        "latency_p99_ms": latency.get("p99"),
        "rss_mb_max": line.get("rss_mb_max"),
        "state_bytes_median": line.get("state_bytes_median"),
        "verified": line.get("verify", {}).get("verified"),
    }


def _largest(scoring: dict[str, Any] | None) -> dict[str, Any]:
    return max((scoring or {}).values(), key=lambda line: int(line["workers"]), default={})


def _first(latency: dict[str, Any] | None) -> dict[str, Any]:
    return next(iter((latency or {}).values()), {})
