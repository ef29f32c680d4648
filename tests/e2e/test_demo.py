"""`tocsin demo` as a newcomer runs it: everything up, played, verified, and nothing left behind."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from lab.stack.settings import StackSettings
from tests.reference import examples

pytestmark = pytest.mark.e2e

# An e2e run shares its machine with the whole test suite; alone it takes about a minute.
WITHIN_SECONDS = 600
KEYS = {
    "offered",
    "applied",
    "duplicates",
    "quarantined",
    "borrowers",
    "states",
    "alerts",
    "acknowledged",
    "reminded",
    "escalated",
    "resolved",
    "webhooks_delivered",
    "webhook_retries",
    "mails_delivered",
    "mails_waiting",
    "distressed_labelled",
    "distressed_warned",
    "median_lead_days",
    "false_alarms",
    "verified",
    "elapsed_s",
}


# As `tocsin demo --help` shows them.
ENDLESS, ONCE = (shlex.split(example)[2:] for example in examples.of("demo"))


def demo(data_dir: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from services.cli.main import run; run()"]
    # Caches of downloads are found through the home folder; our own settings must not leak in.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
    return subprocess.Popen(
        [*command, "demo", "--data", str(data_dir), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment | _repository(),
    )


def _repository() -> dict[str, str]:
    repository = StackSettings().maven_repository
    return {"TOCSIN_MAVEN_REPOSITORY": repository} if repository else {}


def descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def still_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    _, alive = psutil.wait_procs(processes, timeout=30)
    return alive


def test_one_run_adds_up_is_verified_and_leaves_nothing_behind(tmp_path: Path) -> None:
    assert ONCE == ["--once", "--borrowers", "24", "--days", "150"]
    run = demo(tmp_path / "demo", *ONCE, "--json")
    before = set(psutil.pids())
    out, err = run.communicate(timeout=WITHIN_SECONDS)
    assert run.returncode == 0, err[-4000:]
    summary = json.loads(out.splitlines()[-1])
    assert set(summary) == KEYS
    assert summary["verified"] is True
    assert summary["offered"] == (
        summary["applied"] + summary["duplicates"] + summary["quarantined"]
    )
    assert summary["quarantined"] == 2 * 5
    assert summary["borrowers"] == 24 == sum(summary["states"].values())
    assert summary["alerts"] > 0
    assert summary["webhooks_delivered"] > 0
    assert summary["webhook_retries"] > 0
    left = [pid for pid in set(psutil.pids()) - before if _belongs_to(pid, tmp_path)]
    assert left == []


def _belongs_to(pid: int, folder: Path) -> bool:
    try:
        return any(str(folder) in argument for argument in psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_every_process(tmp_path: Path, number: signal.Signals) -> None:
    run = demo(tmp_path / "demo", *ENDLESS)
    assert run.stderr is not None
    deadline = time.monotonic() + WITHIN_SECONDS
    told = []
    for line in run.stderr:
        assert time.monotonic() < deadline
        told.append(line)
        if "sent" in line:
            break
    assert "sent" in told[-1], "".join(told[-60:])
    children = descendants(run.pid)
    # Kafka, PostgreSQL and its helpers, and three services.
    assert len(children) >= 5
    run.send_signal(number)
    _, err = run.communicate(timeout=120)
    assert run.returncode == 130, err[-4000:]
    assert still_running(children) == []
