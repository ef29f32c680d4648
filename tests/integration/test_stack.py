"""The local stack keeps its promise: what it started it stops, whatever happens in between."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from lab.stack import state
from lab.stack.local import LocalStack
from services.cli.topics import Topic, ensure

pytestmark = pytest.mark.integration
COMMAND = [sys.executable, "-c", "from services.cli.main import run; run()", "stack"]
LIMIT_SECONDS = 120
KILLS = 3


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
        env=_environment(),
    )


def children_of(folder: Path) -> list[int]:
    """Return every process that has the folder in its command line, ourselves left out."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if process.pid != os.getpid()
        and any(str(folder) in argument for argument in process.info["cmdline"] or ())
        and "services.cli.main" not in " ".join(process.info["cmdline"])
    ]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    data_dir = tmp_path / "stack"
    yield data_dir
    run("down", "--data", str(data_dir))
    assert children_of(data_dir) == []


def test_a_second_up_finds_the_first_and_down_leaves_nothing(folder: Path) -> None:
    first = run("up", "--data", str(folder), "--json")
    assert first.returncode == 0, first.stderr
    second = run("up", "--data", str(folder), "--json")
    one, two = (json.loads(each.stdout.splitlines()[-1]) for each in (first, second))
    assert (one["started"], two["started"]) == (True, False)
    assert (one["kafka_pid"], one["postgres_pid"]) == (two["kafka_pid"], two["postgres_pid"])
    assert run("status", "--data", str(folder)).returncode == 0
    assert run("down", "--data", str(folder)).returncode == 0
    assert children_of(folder) == []
    assert run("status", "--data", str(folder)).returncode == 1
    assert {path.name for path in (folder / "logs").iterdir()} == {"kafka.log", "postgres.log"}


@pytest.mark.parametrize(
    ("when", "end"),
    [
        pytest.param("Starting Kafka", signal.SIGTERM, id="SIGTERM while starting"),
        pytest.param("Ctrl-C stops it", signal.SIGINT, id="Ctrl-C when up"),
    ],
)
def test_a_signal_ends_the_servers_too(folder: Path, end: signal.Signals, when: str) -> None:
    with subprocess.Popen(
        [*COMMAND, "up", "--foreground", "--data", str(folder)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env=_environment(),
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            if when in line:
                break
        child.send_signal(end)
        child.communicate(timeout=LIMIT_SECONDS)
    assert children_of(folder) == []


def test_a_taken_port_is_named_and_nothing_is_left_running(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = run("up", "--data", str(folder), "--kafka-port", str(port))
    assert answer.returncode == 1
    assert f"port {port} is taken" in " ".join(answer.stderr.split())
    assert "Traceback" not in answer.stderr
    assert children_of(folder) == []


def test_without_a_java_the_message_says_so(folder: Path, tmp_path: Path) -> None:
    script = (
        "from lab.stack import java\n"
        "java._candidates = lambda home: []\n"
        "from services.cli.main import run; run()"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, "stack", "up", "--data", str(folder)],
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
        env=_environment(),
    )
    assert answer.returncode == 1
    assert "Kafka needs Java 17" in " ".join(answer.stderr.split())
    assert children_of(folder) == []


def up(folder: Path) -> dict[str, Any]:
    answer = run("up", "--data", str(folder), "--json")
    assert answer.returncode == 0, answer.stderr
    shown: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return shown


def test_it_comes_up_right_after_everything_was_killed(folder: Path) -> None:
    """Each round kills both servers and what had started them, and waits for nothing."""
    addresses = set()
    for _ in range(KILLS):
        manager = subprocess.Popen(
            [*COMMAND, "up", "--foreground", "--data", str(folder), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=_environment(),
        )
        assert manager.stdout is not None
        shown = json.loads(next(line for line in manager.stdout if line.startswith("{")))
        for pid in (manager.pid, shown["kafka_pid"], shown["postgres_pid"]):
            os.kill(pid, signal.SIGKILL)
        again = up(folder)
        assert again["started"]
        assert run("status", "--data", str(folder)).returncode == 0
        addresses |= {(each["kafka_bootstrap"], each["database_url"]) for each in (shown, again)}
        manager.communicate()
        assert run("down", "--data", str(folder)).returncode == 0
    assert len(addresses) == 1


@pytest.mark.parametrize("left", ["the process id of another process", "half of the file"])
def test_what_a_crash_left_in_the_folder_is_no_obstacle(folder: Path, left: str) -> None:
    shown = up(folder)
    lock = folder / "postgres" / "postmaster.pid"
    lines = lock.read_text(encoding="utf-8").splitlines(keepends=True)
    for pid in (shown["kafka_pid"], shown["postgres_pid"]):
        os.kill(pid, signal.SIGKILL)
    # A process of the server's own user: another user's would not keep PostgreSQL from starting.
    owner = lock.owner() if os.geteuid() == 0 else None
    with subprocess.Popen(["sleep", "600"], user=owner) as other:
        changed = [f"{other.pid}\n", *lines[1:]] if left.startswith("the") else lines[:3]
        lock.write_text("".join(changed), encoding="utf-8")
        assert up(folder)["started"]
        assert other.poll() is None
        other.kill()


def test_servers_that_no_file_names_are_stopped_and_started_again(folder: Path) -> None:
    """Their starter was killed before it recorded them."""
    first = up(folder)
    recorded = state.load(folder)
    assert recorded is not None
    state.save(recorded.without_processes(), data_dir=folder)
    second = up(folder)
    assert second["started"]
    assert not {first["kafka_pid"], first["postgres_pid"]} & {*children_of(folder)}
    assert {second["kafka_pid"], second["postgres_pid"]} <= {*children_of(folder)}


def test_two_ups_at_once_start_the_servers_once(folder: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(up, (folder, folder))
    assert {one["started"], two["started"]} == {True, False}
    assert (one["kafka_pid"], one["postgres_pid"]) == (two["kafka_pid"], two["postgres_pid"])


async def test_killed_servers_come_back_with_what_they_acknowledged(
    own_stack: LocalStack,
) -> None:
    bootstrap, database_url = own_stack.kafka_bootstrap, own_stack.database_url
    await ensure(bootstrap, topics=[Topic(name="kept", partitions=1)])
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    await producer.send_and_wait("kept", b"record")
    await producer.stop()
    connection = await asyncpg.connect(database_url)
    await connection.execute("create table kept (n int); insert into kept values (7)")
    await connection.close()

    own_stack.kill_kafka()
    own_stack.kill_postgres()
    assert (own_stack.kafka_pid, own_stack.postgres_pid) == (None, None)
    own_stack.start()

    assert (own_stack.kafka_bootstrap, own_stack.database_url) == (bootstrap, database_url)
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("select n from kept") == 7
    await connection.close()
    consumer = AIOKafkaConsumer("kept", bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    assert (await consumer.getone()).value == b"record"
    await consumer.stop()
