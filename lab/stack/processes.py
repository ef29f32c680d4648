"""Starts, recognises and stops the child processes of the stack.

A process is identified by its id, its start time and a mark in its command line. All three are
compared before any signal is sent: the id alone may belong to another process after a reboot, and
`down` must never end that one. Children get a session of their own, so that Ctrl-C in the terminal
does not reach them and they are stopped in order.
"""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from lab.stack.errors import StackError, disk_full

# The clock may be set while a process runs, which moves the start time that is computed from it.
START_TIME_TOLERANCE_SECONDS = 5.0
COMMAND_LINE_WITHIN_SECONDS = 5.0
LOG_TAIL_LINES = 15
NO_SPACE = ("No space left on device", "Disk quota exceeded")
PORT_TAKEN = ("Address already in use", "Address in use")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedProcess:
    """A process that we started, and how to recognise it."""

    pid: int
    started_at_seconds: float
    mark: str

    def running(self) -> psutil.Process | None:
        """Return the process if it is still the one that we started."""
        try:
            process = psutil.Process(self.pid)
            drift_seconds = abs(process.create_time() - self.started_at_seconds)
            is_ours = drift_seconds < START_TIME_TOLERANCE_SECONDS and any(
                self.mark in argument for argument in process.cmdline()
            )
            is_alive = process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None
        return process if is_ours and is_alive else None


@contextmanager
def signals_held() -> Iterator[None]:
    """Put off Ctrl-C and SIGTERM until what the block starts is written down and can be undone.

    Between the start of a server and the note of its process id a signal would leave an orphan.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Signals never interrupt another thread.
        return
    came: list[int] = []
    held = (signal.SIGINT, signal.SIGTERM)
    before = {each: signal.signal(each, lambda number, _: came.append(number)) for each in held}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if came:
            signal.raise_signal(came[0])


def start(
    command: Sequence[str],
    *,
    log: Path,
    mark: str,
    user: str | None = None,
    environment: dict[str, str] | None = None,
) -> StartedProcess:
    """Start a server in its own session, its output appended to the log."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            user=user,
            env=environment,
        )
    # The stack outlives this Popen object (`up` returns); without this, Python would warn that
    # a child still runs when the object is collected.
    child.returncode = 0
    started = psutil.Process(child.pid)
    _wait_for_command_line(started)
    return StartedProcess(pid=child.pid, started_at_seconds=started.create_time(), mark=mark)


def _wait_for_command_line(process: psutil.Process) -> None:
    """Wait until the system shows the command line: for a moment after exec it is empty."""
    deadline = time.monotonic() + COMMAND_LINE_WITHIN_SECONDS
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
        while not process.cmdline() and time.monotonic() < deadline:
            time.sleep(0.001)


def stop(
    process: StartedProcess, *, signals: Sequence[signal.Signals], wait_seconds: float
) -> bool:
    """Send one signal after the other until the process has ended, at last SIGKILL.

    Returns:
        True if the process was running.
    """
    running = process.running()
    if running is None:
        return False
    for each in (*signals, signal.SIGKILL):
        try:
            running.send_signal(each)
            running.wait(timeout=wait_seconds)
        except psutil.NoSuchProcess:
            break
        except psutil.TimeoutExpired:
            continue
        break
    return True


def tail(log: Path) -> str:
    """Return the last lines of a log, for an error message."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join(lines[-LOG_TAIL_LINES:])


def died(*, server: str, log: Path) -> StackError:
    """Return the error for a server that ended while it should have come up."""
    end = tail(log)
    if any(words in end for words in NO_SPACE):
        return disk_full(log.parent.parent)
    if any(words in end for words in PORT_TAKEN):
        return StackError(
            f"{server}: another program took its port in this moment.",
            remedy="Run the command again: another free port is found.",
        )
    return StackError(
        f"{server} ended while it was starting. The end of {log}:\n{end}",
        remedy="If the log does not explain it, remove the data folder and start afresh.",
    )
