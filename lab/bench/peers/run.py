"""Run the peers side by side on one real broker and print one JSON line a run.

    python lab/bench/peers/run.py --peers PYTHON --contenders ours,kafka-streams --rounds 3

Each run gets fresh topics, loaded before it starts. Speed and CPU are taken between the moments at
which 10 % and 90 % of the results are visible to a `read_committed` reader, so that start-up, joins
and the warm-up of a JVM are left out for everybody. CPU is that of all processes serving the run:
the contender's, the broker's and PostgreSQL's. Results are compared with a fold made here.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

sys.path.insert(0, str(Path(__file__).parent))
from events import events
from fold import BorrowerFold, fold, result_is_due

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
PARTITIONS = 4
PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Run:
    """The addresses and names that a contender needs."""

    bootstrap: str
    database: str
    source: str
    sink: str
    group: str
    folder: Path
    processes: int
    peers_python: str


def commands(contender: str, run: Run) -> list[list[str]]:
    """Return the commands that make a contender run, one a process."""
    python, classpath = (
        run.peers_python,
        f"{HERE}/kafka-streams/target/peer.jar:{HERE}/kafka-streams/target/lib/*",
    )
    topics = [run.bootstrap, run.source, run.sink, run.group]
    match contender:
        case "quix":
            return [
                [python, "quix_app.py", *topics, str(run.folder / str(n))]
                for n in range(run.processes)
            ]
        case "bytewax":
            return bytewax(run)
        case "per-event":
            return [[python, "per_event_app.py", *topics, run.database]] * run.processes
        case "kafka-streams":
            java = ["java", "-Xmx1g", "-cp", classpath, "tocsin.bench.Main"]
            return [[*java, *topics, str(run.folder), str(run.processes)]]
        case "ours":
            return [
                [sys.executable, "ours.py", *topics, run.database, str(n)]
                for n in range(run.processes)
            ]
        case _:
            raise SystemExit(f"unknown contender {contender!r}")


def bytewax(run: Run) -> list[list[str]]:
    """Return Bytewax's commands after laying out its recovery folder."""
    subprocess.run([run.peers_python, "-m", "bytewax.recovery", str(run.folder), "4"], check=True)
    base = [
        run.peers_python,
        "-m",
        "bytewax.run",
        "bytewax_app",
        "-r",
        str(run.folder),
        "-s",
        "1",
        "-b",
        "0",
    ]
    if run.processes == 1:
        return [base]
    addresses = ";".join(f"127.0.0.1:{29101 + n}" for n in range(run.processes))
    return [[*base, "-i", str(n), "-a", addresses] for n in range(run.processes)]


def tree(pids: Sequence[int]) -> set[int]:
    """Return the processes and all their living descendants."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
    members = set(pids)
    while grown := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= grown
    return members


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return the CPU time used so far by the processes and their descendants."""
    total = 0
    for pid in tree(pids):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def steal_seconds() -> float:
    """Return the CPU time that the host gave to others."""
    return int(Path("/proc/stat").read_text().splitlines()[0].split()[8]) / TICKS


async def load(run: Run, count: int, borrowers: int) -> tuple[dict[str, tuple[int, int]], int]:
    """Create topics, write events; return the last result due of each borrower, and how many."""
    admin = AIOKafkaAdminClient(bootstrap_servers=run.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in (run.source, run.sink)])
    await admin.close()
    producer = AIOKafkaProducer(
        bootstrap_servers=run.bootstrap, linger_ms=20, max_batch_size=262_144
    )
    await producer.start()
    states: dict[str, BorrowerFold] = {}
    expected: dict[str, tuple[int, int]] = {}
    results = 0
    for key, value in events(count, borrowers=borrowers):
        await producer.send(run.source, value, key=key)
        borrower = key.decode()
        state = states.setdefault(borrower, BorrowerFold())
        points = fold(state, json.loads(value))
        if result_is_due(borrower, state.events):
            expected[borrower] = (state.events, points)
            results += 1
    await producer.stop()
    return expected, results


async def observe(run: Run, results: int, pids: Sequence[int]) -> dict[str, object]:
    """Read the results; return the marks at 10 % and 90 % and the last result of each borrower."""
    consumer = AIOKafkaConsumer(
        run.sink,
        bootstrap_servers=run.bootstrap,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    await consumer.start()
    seen, repeats, marks, last = 0, 0, [], {}
    known: set[tuple[str, int]] = set()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while seen < results and time.monotonic() < deadline:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            for record in records:
                value = json.loads(record.value)
                if (result := (value["borrower"], value["events"])) in known:
                    repeats += 1
                    continue
                known.add(result)
                last[value["borrower"]] = (value["events"], value["score"])
                seen += 1
        if len(marks) < 2 and seen >= results * (0.1, 0.9)[len(marks)]:
            marks.append((time.monotonic(), cpu_seconds(pids), steal_seconds(), seen))
    await consumer.stop()
    return {"seen": seen, "repeats": repeats, "marks": marks, "last": last}


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """End what was started here, and only that."""
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def measure(contender: str, run: Run, arguments: argparse.Namespace) -> dict[str, object]:
    """Run one contender once and return its line."""
    expected, results = await load(run, arguments.events, arguments.borrowers)
    environment = {
        **os.environ,
        "PYTHONPATH": f"{HERE}:{ROOT}",
        "BENCH_BOOTSTRAP": run.bootstrap,
        "BENCH_SOURCE": run.source,
        "BENCH_SINK": run.sink,
    }
    log = (run.folder.parent / f"{run.group}.log").open("wb")
    processes = [
        subprocess.Popen(command, cwd=HERE, env=environment, stdout=log, stderr=log)
        for command in commands(contender, run)
    ]
    servers = [arguments.broker_pid, arguments.postgres_pid]
    try:
        observed = await observe(run, results, [*servers, *(process.pid for process in processes)])
    finally:
        stop(processes)
    line = {
        "contender": contender,
        "processes": run.processes,
        "events": arguments.events,
        "log": log.name,
    }
    if len(observed["marks"]) < 2:
        return line | {
            "failed": f"{observed['seen']} of {results} results after {PATIENCE_SECONDS} s"
        }
    (start, cpu, steal, first), (end, cpu_end, steal_end, seen) = observed["marks"]
    share = arguments.events * (seen - first) / results
    return line | {
        "events_per_second": round(share / (end - start)),
        "cpu_us_per_event": round((cpu_end - cpu) / share * 1e6, 1),
        "steal_ratio": round((steal_end - steal) / (end - start), 3),
        "repeated_results": observed["repeats"],
        "wrong": sum(
            1 for borrower, value in expected.items() if observed["last"].get(borrower) != value
        ),
    }


async def main() -> None:
    """Measure every contender, interleaved, round by round."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--broker-pid", type=int, required=True)
    parser.add_argument("--postgres-pid", type=int, required=True)
    parser.add_argument(
        "--peers", default=sys.executable, help="a Python with requirements.txt installed"
    )
    parser.add_argument("--contenders", default="ours,kafka-streams,quix,bytewax,per-event")
    parser.add_argument("--processes", default="1,2")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--borrowers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    room = Path(tempfile.mkdtemp(prefix="tocsin-peers-"))
    for number in range(arguments.rounds):
        for processes in map(int, arguments.processes.split(",")):
            for contender in arguments.contenders.split(","):
                name = f"peer-{os.getpid()}-{number}-{processes}-{contender}"
                folder = room / name
                folder.mkdir()
                run = Run(
                    bootstrap=arguments.bootstrap,
                    database=arguments.database,
                    source=f"{name}-in",
                    sink=f"{name}-out",
                    group=name,
                    folder=folder,
                    processes=processes,
                    peers_python=arguments.peers,
                )
                print(
                    json.dumps({"round": number} | await measure(contender, run, arguments)),
                    flush=True,
                )
                shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    asyncio.run(main())
