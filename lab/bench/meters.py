"""Measures a run: CPU time of process trees, stolen time, memory, percentiles.

CPU time is that of the processes, their living descendants and the descendants that they have
waited for, so a database connection that has ended is still counted.
"""

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

MICRO = 1_000_000


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU time that the processes and their descendants have used so far."""
    total = 0.0
    seen: set[int] = set()
    for pid in pids:
        try:
            root = psutil.Process(pid)
            tree = [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
        for process in tree:
            if process.pid in seen:
                continue
            seen.add(process.pid)
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
    return total


def most_resident_mb(pids: Iterable[int]) -> float:
    """Return the largest memory that one of the processes has used so far, in MB."""
    peaks = [0.0]
    for pid in pids:
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        except OSError:
            continue
        peaks += [int(line.split()[1]) / 1024 for line in status.splitlines() if "VmHWM" in line]
    return round(max(peaks), 1)


def resident_mb(pid: int) -> float:
    """Return the memory that a process uses now, in MB; 0 if it has ended."""
    try:
        return float(psutil.Process(pid).memory_info().rss) / 1_048_576
    except psutil.NoSuchProcess:
        return 0.0


def stolen_seconds() -> float:
    """Return the CPU time stolen by the host since its start; 0 if it is not reported."""
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
        return int(fields[8]) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError):
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment of a run: the work done and its cost so far."""

    done: int
    seconds: float
    cpu: dict[str, float]
    stolen: float


def mark(done: int, groups: dict[str, list[int]]) -> Mark:
    """Take the time and the CPU of each group of processes."""
    return Mark(
        done=done,
        seconds=time.monotonic(),
        cpu={name: cpu_seconds(pids) for name, pids in groups.items()},
        stolen=stolen_seconds(),
    )


def between(begin: Mark, end: Mark) -> dict[str, object]:
    """Return throughput and cost of what was done between two marks."""
    done, seconds = end.done - begin.done, end.seconds - begin.seconds
    spent = {name: end.cpu[name] - begin.cpu[name] for name in end.cpu}
    return {
        "events": done,
        "seconds": round(seconds, 2),
        "events_per_second": round(done / seconds) if seconds else 0,
        "cpu_us_per_event": per_event(sum(spent.values()), done),
        "cpu_us_by_part": {name: per_event(cpu, done) for name, cpu in spent.items()},
        "steal_ratio": round((end.stolen - begin.stolen) / (seconds * (os.cpu_count() or 1)), 3)
        if seconds
        else 0.0,
    }


def per_event(cpu: float, done: int) -> float:
    """Return microseconds of CPU per event."""
    return round(cpu / done * MICRO, 1) if done else 0.0


def percentile(sorted_values: Sequence[float], share: float) -> float | None:
    """Return the value below which a share of the values lies; None of none."""
    if not sorted_values:
        return None
    return sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * share))]
