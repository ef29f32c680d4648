"""Starts, recognises and stops the child processes of the stack.

A process is identified by its id, its start time and a mark in its command line. All three are
compared before any signal is sent: the id alone may belong to another process after a reboot, and
`down` must never end that one. Children get a session of their own, so that Ctrl-C in the terminal
does not reach them and they are stopped in order.

After a crash a folder may still be in use: a killed server takes a moment to end, its children a
moment longer, and a server whose starter was killed first is recorded by nobody. `end_leftovers`
waits for them, so that the next server finds neither locks nor shared memory nor taken ports.
"""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from lab.stack.errors import StackError, disk_full

# The clock may be set while a process runs, which moves the start time that is computed from it.
START_TIME_TOLERANCE_SECONDS = 5.0
COMMAND_LINE_WITHIN_SECONDS = 5.0
LEFTOVERS_WITHIN_SECONDS = 5.0
PAUSE_SECONDS = 0.05
LOG_TAIL_LINES = 15
STOP_LEFTOVER_SECONDS = 30.0
NO_SPACE = ("No space left on device", "Disk quota exceeded")
PORT_TAKEN = ("Address already in use", "Address in use")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedProcess:
    """A process that we started, and how to recognise it."""

    pid: int
    started_at_seconds: float
    mark: str

    def running(self) -> psutil.Process | None:
        """Return the process, until nothing of it is left, if it is the one that we started.

        In the middle of exec and of its end a process has no command line; it is ours then by its
        start time.
        """
        try:
            process = psutil.Process(self.pid)
            drift_seconds = abs(process.create_time() - self.started_at_seconds)
            arguments = _command_line(process)
            is_ours = drift_seconds < START_TIME_TOLERANCE_SECONDS and (
                not arguments or any(self.mark in argument for argument in arguments)
            )
            return process if is_ours and not _has_ended(process) else None
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.ZombieProcess:
        return []


def _has_ended(process: psutil.Process) -> bool:
    """Return whether it is a zombie without threads: those still have its files and ports."""
    return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1


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


def end_leftovers(
    folder: "UsedFolder", *, signals: Sequence[signal.Signals], on_wait: Callable[[], None]
) -> None:
    """Wait until no process uses a folder, and stop a server that does not end by itself.

    The caller has the stack's lock and knows that no recorded server is running.

    Raises:
        StackError: If the folder stays in use.
    """
    if not folder.is_used():
        return
    on_wait()
    if folder.is_free_within(LEFTOVERS_WITHIN_SECONDS):
        return
    for each in folder.servers():
        stop(each, signals=signals, wait_seconds=STOP_LEFTOVER_SECONDS)
    if not folder.is_free_within(STOP_LEFTOVER_SECONDS):
        raise StackError(
            f"Another process uses {folder.mark}, and it does not end.",
            remedy="Find it (`lsof`), end it, and run the command again.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedFolder:
    """How to find the processes that use a server's folder.

    Attributes:
        mark: What the server has as an argument, or as its working directory.
        names: The names of its programs; a shell or an editor in the folder is no server.
        is_held: Whether the folder's own lock shows that it is in use.
    """

    mark: Path
    names: Collection[str]
    is_held: Callable[[], bool]

    def is_used(self) -> bool:
        """Return whether any process uses the folder."""
        return self.is_held() or bool(self._processes())

    def is_free_within(self, seconds: float) -> bool:
        """Wait until no process uses the folder; return whether that is so."""
        deadline = time.monotonic() + seconds
        while self.is_used():
            if time.monotonic() > deadline:
                return False
            time.sleep(PAUSE_SECONDS)
        return True

    def servers(self) -> list[StartedProcess]:
        """Return the processes that no other one of them has started."""
        processes = self._processes()
        numbers = {each.pid for each in processes}
        servers = []
        for each in processes:
            with suppress(psutil.NoSuchProcess):
                if each.ppid() not in numbers:
                    began = each.create_time()
                    servers.append(StartedProcess(pid=each.pid, started_at_seconds=began, mark=""))
        return servers

    def _processes(self) -> list[psutil.Process]:
        return [each for each in psutil.process_iter() if self._uses(each)]

    def _uses(self, process: psutil.Process) -> bool:
        try:
            if process.name() not in self.names or _has_ended(process):
                return False
            return str(self.mark) in process.cmdline() or process.cwd() == str(self.mark)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False


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
