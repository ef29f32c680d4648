"""Processes: only what we started, and still is what we started, is ever stopped."""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from lab.stack import processes
from lab.stack.errors import StackError
from lab.stack.processes import StartedProcess, UsedFolder

SLEEPER = "import signal, time\nprint('up', flush=True)\ntime.sleep(600)"
STUBBORN = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('up', flush=True)\ntime.sleep(600)"
)


def started(script: str, tmp_path: Path) -> StartedProcess:
    mark = str(tmp_path / "mark")
    log = tmp_path / "logs" / "child.log"
    process = processes.start([sys.executable, "-c", script, mark], log=log, mark=mark)
    while "up" not in processes.tail(log):
        assert process.running() is not None
    return process


def stop(process: StartedProcess, wait_seconds: float = 10) -> bool:
    return processes.stop(process, signals=(signal.SIGTERM,), wait_seconds=wait_seconds)


def test_a_started_process_is_recognised_and_stopped(tmp_path: Path) -> None:
    process = started(SLEEPER, tmp_path)
    assert process.running() is not None
    assert stop(process)
    assert process.running() is None


def test_it_has_a_session_of_its_own_so_that_ctrl_c_reaches_us_first(tmp_path: Path) -> None:
    process = started(SLEEPER, tmp_path)
    assert os.getsid(process.pid) == process.pid
    stop(process)


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    process = started(STUBBORN, tmp_path)
    assert stop(process, wait_seconds=0.2)
    assert process.running() is None


def test_stopping_what_has_ended_says_that_nothing_was_running(tmp_path: Path) -> None:
    process = started(SLEEPER, tmp_path)
    stop(process)
    assert not stop(process)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"started_at_seconds": 1.0}, id="started at another time"),
        pytest.param({"mark": "/somebody/elses/folder"}, id="another command line"),
    ],
)
def test_a_recycled_pid_is_never_touched(tmp_path: Path, change: dict[str, object]) -> None:
    process = started(SLEEPER, tmp_path)
    stranger = replace(process, **change)
    assert stranger.running() is None
    assert not stop(stranger)
    assert psutil.pid_exists(process.pid)
    stop(process)


def test_a_process_without_a_command_line_is_recognised_by_its_start_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of exec, and while it ends, the system shows none."""
    process = started(SLEEPER, tmp_path)
    monkeypatch.setattr(psutil.Process, "cmdline", lambda _: [])
    assert process.running() is not None
    assert replace(process, started_at_seconds=1.0).running() is None
    assert stop(process)
    assert process.running() is None


def test_a_zombie_with_threads_has_not_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first thread of a killed Java ends before the others, which have its lock and port."""
    process = started(SLEEPER, tmp_path)
    monkeypatch.setattr(psutil.Process, "status", lambda _: psutil.STATUS_ZOMBIE)
    assert process.running() is None
    monkeypatch.setattr(psutil.Process, "num_threads", lambda _: 2)
    assert process.running() is not None
    monkeypatch.undo()
    stop(process)


def used(tmp_path: Path, *, is_held: Callable[[], bool] = lambda: False) -> UsedFolder:
    python = psutil.Process().name()
    return UsedFolder(mark=tmp_path / "mark", names=(python,), is_held=is_held)


def ended(folder: UsedFolder) -> list[str]:
    notices: list[str] = []
    processes.end_leftovers(
        folder, signals=(signal.SIGTERM,), on_wait=lambda: notices.append("waits")
    )
    return notices


def test_a_folder_that_no_process_uses_is_free_at_once(tmp_path: Path) -> None:
    assert ended(used(tmp_path)) == []


def test_a_server_that_is_recorded_nowhere_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LEFTOVERS_WITHIN_SECONDS", 0.0)
    process = started(SLEEPER, tmp_path)
    assert ended(used(tmp_path)) == ["waits"]
    assert process.running() is None


def test_a_program_of_another_name_is_left_alone(tmp_path: Path) -> None:
    process = started(SLEEPER, tmp_path)
    assert ended(replace(used(tmp_path), names=("postgres",))) == []
    assert process.running() is not None
    stop(process)


def test_a_lock_that_is_released_in_time_is_awaited(tmp_path: Path) -> None:
    held = [True, True, False]
    assert ended(used(tmp_path, is_held=lambda: held.pop(0))) == ["waits"]
    assert held == []


def test_a_folder_that_stays_in_use_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LEFTOVERS_WITHIN_SECONDS", 0.0)
    monkeypatch.setattr(processes, "STOP_LEFTOVER_SECONDS", 0.0)
    with pytest.raises(StackError, match="mark"):
        ended(used(tmp_path, is_held=lambda: True))


def test_a_server_that_found_no_space_is_explained_as_that(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "kafka.log"
    log.parent.mkdir()
    log.write_text("java.io.IOException: No space left on device\n")
    assert "is full" in processes.died(server="Kafka", log=log).problem


def test_a_server_whose_port_was_taken_is_explained_as_that(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "postgres.log"
    log.parent.mkdir()
    log.write_text('LOG:  could not bind IPv4 address "127.0.0.1": Address already in use\n')
    assert "took its port" in processes.died(server="PostgreSQL", log=log).problem


def test_a_signal_waits_until_what_was_started_is_written_down() -> None:
    done: list[str] = []

    def start() -> None:
        with processes.signals_held():
            signal.raise_signal(signal.SIGINT)
            done.append("written down")

    with pytest.raises(KeyboardInterrupt):
        start()
    assert done == ["written down"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
