"""The flat keys of `tocsin bench --json`."""

from typing import Any

from lab.bench.headline import headline

KEYS = {
    "events",
    "workers",
    "end_to_end_eps",
    "cpu_us_per_event",
    "steal_pct",
    "consume_decode_eps",
    "fold_eps",
    "ceiling_eps",
    "share_of_ceiling",
    "latency_p50_ms",
    "latency_p99_ms",
    "rss_mb_max",
    "state_bytes_median",
    "verified",
}


def line(workers: int, speed: int) -> dict[str, Any]:
    return {
        "workers": workers,
        "events": 7,
        "events_per_second": speed,
        "cpu_us_per_event": 80.5,
        "steal_ratio": 0.0123,
        "share_of_ceiling": 0.5,
        "rss_mb_max": 120.0,
        "state_bytes_median": 1900,
        "verify": {"verified": True},
        "ceilings": {
            "decode": {"events_per_second": 40_000},
            "fold": {"events_per_second": 20_000},
            "bare_fold": {"events_per_second": 30_000},
        },
    }


def test_throughput_is_that_of_the_most_workers_and_latency_that_of_the_first_rate() -> None:
    found = headline(
        {
            "scoring": {"workers_1": line(1, 9_000), "workers_2": line(2, 12_000)},
            "latency": {
                "rate_2000": {"event_to_alerts_ms": {"p50": 60.0, "p99": 180.0}},
                "rate_5000": {"event_to_alerts_ms": {"p50": 90.0, "p99": 400.0}},
            },
        }
    )
    assert found.keys() == KEYS
    assert (found["workers"], found["end_to_end_eps"]) == (2, 12_000)
    assert (found["latency_p50_ms"], found["latency_p99_ms"]) == (60.0, 180.0)
    assert (found["consume_decode_eps"], found["ceiling_eps"]) == (40_000, 20_000)
    assert (found["fold_eps"], found["steal_pct"], found["verified"]) == (30_000, 1.2, True)


def test_a_part_that_was_not_run_is_null() -> None:
    assert headline({}) == dict.fromkeys(KEYS)
