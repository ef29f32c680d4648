"""Starts, finds and stops both servers of the local stack.

Used by `tocsin stack`, the demo and the test session. Starting twice on the same folder finds the
first; if one server fails to start, the other is stopped. Servers that environment variables name
are used as they are and never stopped.
"""

import base64
import fcntl
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console

from lab.stack import jar_lock, jars, java, ports, probes, processes, state
from lab.stack.errors import StackError, disk_full, is_disk_full
from lab.stack.kafka import Kafka
from lab.stack.postgres import START_LIMIT_SECONDS, Postgres
from lab.stack.processes import StartedProcess
from lab.stack.repositories import repositories
from lab.stack.settings import StackSettings
from lab.stack.state import StackState

SPACE_NEEDED_BYTES = 600_000_000


class LocalStack:
    """A broker and a database: ours under `data_dir`, or those that the settings name.

    Use it as a context manager (`with LocalStack(folder) as stack:`), which stops at the end what
    it started, or call `start` and leave it running for others.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        settings: StackSettings | None = None,
        console: Console | None = None,
        kafka_port: int | None = None,
        postgres_port: int | None = None,
    ) -> None:
        """Describe the stack; nothing is started or written yet."""
        self.data_dir = data_dir.expanduser().resolve()
        self._settings = settings if settings is not None else StackSettings()
        self._console = console if console is not None else Console(stderr=True)
        self._wanted_kafka_port = kafka_port
        self._wanted_postgres_port = postgres_port
        self._started_here = False

    @property
    def kafka_bootstrap(self) -> str:
        """Return the broker's address."""
        return self._settings.kafka_bootstrap or f"{ports.LOOPBACK}:{self._state().kafka_port}"

    @property
    def database_url(self) -> str:
        """Return the database's address, password included."""
        return self._settings.database_url or self._postgres(self._state()).url()

    @property
    def kafka_pid(self) -> int | None:
        """Return the process id of our broker while it runs."""
        return _pid(state.load(self.data_dir), server="kafka")

    @property
    def postgres_pid(self) -> int | None:
        """Return the process id of our PostgreSQL while it runs."""
        return _pid(state.load(self.data_dir), server="postgres")

    def start(self) -> bool:
        """Bring up what is not there yet; return whether anything had to be started.

        Raises:
            StackError: With a problem and a remedy; nothing is left running then.
        """
        with self._exclusive():
            try:
                self._start_postgres()
                self._start_kafka()
            except BaseException as error:
                if self._started_here:
                    self._stop_servers()
                if isinstance(error, OSError) and is_disk_full(error):
                    raise disk_full(self.data_dir) from error
                raise
        self._check_foreign_servers()
        return self._started_here

    def stop(self) -> bool:
        """Stop our servers, the broker first; return whether any was running."""
        if state.load(self.data_dir) is None:
            return False
        with self._exclusive():
            return self._stop_servers()

    def is_ready(self) -> bool:
        """Query both servers."""
        if state.load(self.data_dir) is None and not self._is_all_foreign():
            return False
        return probes.kafka_answers(self.kafka_bootstrap) and probes.postgres_answers(
            self.database_url
        )

    def kill_kafka(self) -> None:
        """End the broker without warning, as a power cut would."""
        self._kill("kafka")

    def kill_postgres(self) -> None:
        """Crash PostgreSQL: no checkpoint, connections cut; the next start recovers."""
        current = self._state()
        if current.postgres is not None:
            self._postgres(current).stop(current.postgres, immediate=True)

    def __enter__(self) -> Self:
        """Start the stack."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop what this object started; leave alone what it found running."""
        if self._started_here:
            self.stop()

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        self._make_folder()
        with (self.data_dir / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._make_state()
            yield

    def _make_folder(self) -> None:
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(
                f"Cannot make the data folder {self.data_dir}: {error.strerror}.",
                remedy="Choose another with --data.",
            ) from error

    def _make_state(self) -> None:
        """Choose what a new folder has for ever; of two starts at once only the first does."""
        if state.load(self.data_dir) is None:
            if shutil.disk_usage(self.data_dir).free < SPACE_NEEDED_BYTES:
                raise disk_full(self.data_dir)
            new = StackState(cluster_id=_new_cluster_id(), database_password=secrets.token_hex(16))
            state.save(new, data_dir=self.data_dir)

    def _start_postgres(self) -> None:
        if self._settings.database_url:
            return
        current = self._state()
        server = self._postgres(current)
        if self._is_up("PostgreSQL", current.postgres, server.answers):
            server.ensure_database()
            return
        server.clear(on_wait=self._waiting_for("PostgreSQL"))
        port = ports.choose(
            wanted=self._wanted_postgres_port,
            last=current.postgres_port,
            server="PostgreSQL",
            option="--postgres-port",
        )
        current = replace(current, postgres_port=port)
        self._console.print("Starting PostgreSQL …")
        server = replace(server, port=port)
        with processes.signals_held():
            process = server.start()
            self._started_here = True
            state.save(replace(current, postgres=process), data_dir=self.data_dir)
        server.wait_until_ready(process)

    def _start_kafka(self) -> None:
        if self._settings.kafka_bootstrap:
            return
        current = self._state()
        bootstrap = f"{ports.LOOPBACK}:{current.kafka_port}"
        if self._is_up("Kafka", current.kafka, lambda: probes.kafka_answers(bootstrap)):
            return
        server = self._kafka(current)
        server.clear(on_wait=self._waiting_for("Kafka"))
        port = ports.choose(
            wanted=self._wanted_kafka_port,
            last=current.kafka_port,
            server="Kafka",
            option="--kafka-port",
        )
        controller_port = ports.choose(
            wanted=None, last=current.controller_port, server="Kafka", option=""
        )
        current = replace(current, kafka_port=port, controller_port=controller_port)
        server = replace(server, port=port, controller_port=controller_port)
        self._console.print("Starting Kafka …")
        with processes.signals_held():
            process = server.start()
            self._started_here = True
            state.save(replace(current, kafka=process), data_dir=self.data_dir)
        server.wait_until_ready(process)

    def _is_up(
        self, server: str, process: StartedProcess | None, answers: Callable[[], bool]
    ) -> bool:
        """Return whether a recorded server answers; wait while it is starting or ending.

        Raises:
            StackError: If it does neither.
        """
        if process is None or process.running() is None:
            return False
        if answers():
            return True
        self._console.print(
            f"{server} (process {process.pid}) does not answer: waiting until it is up or has "
            "ended …"
        )
        if probes.wait_until(
            answers,
            is_alive=lambda: process.running() is not None,
            limit_seconds=START_LIMIT_SECONDS,
        ):
            return True
        if process.running() is None:
            return False
        raise StackError(
            f"{server} (process {process.pid}) neither answers nor ends.",
            remedy=f"Stop it: tocsin stack down --data {self.data_dir}",
        )

    def _waiting_for(self, server: str) -> Callable[[], None]:
        return lambda: self._console.print(
            f"Waiting until the {server} of an earlier run has ended …"
        )

    def _stop_servers(self) -> bool:
        current = self._state()
        was_running = False
        if current.kafka is not None:
            was_running = Kafka.stop(current.kafka) or was_running
        if current.postgres is not None:
            was_running = self._postgres(current).stop(current.postgres) or was_running
        state.save(current.without_processes(), data_dir=self.data_dir)
        return was_running

    def _kill(self, server: str) -> None:
        process = getattr(self._state(), server).running()
        if process is not None:
            process.kill()
            process.wait(timeout=30)

    def _state(self) -> StackState:
        current = state.load(self.data_dir)
        if current is None:
            raise StackError(
                f"No stack was ever started in {self.data_dir}.",
                remedy=f"Start one: tocsin stack up --data {self.data_dir}",
            )
        return current

    def _postgres(self, current: StackState) -> Postgres:
        return Postgres(
            data_dir=self.data_dir / "postgres",
            log=self.data_dir / "logs" / "postgres.log",
            port=current.postgres_port or 0,
            password=current.database_password,
        )

    def _kafka(self, current: StackState) -> Kafka:
        runtime = java.find_java(java_home=self._settings.java_home)
        class_path = jars.class_path(
            jar_lock.read(),
            cache_dir=self._settings.cache_dir,
            remote_repositories=repositories(
                chosen=self._settings.maven_repository,
                maven_settings=Path.home() / ".m2" / "settings.xml",
            ),
            console=self._console,
        )
        return Kafka(
            data_dir=self.data_dir / "kafka",
            log=self.data_dir / "logs" / "kafka.log",
            port=current.kafka_port or 0,
            controller_port=current.controller_port or 0,
            cluster_id=current.cluster_id,
            java=runtime,
            jars=tuple(class_path),
        )

    def _is_all_foreign(self) -> bool:
        return bool(self._settings.kafka_bootstrap and self._settings.database_url)

    def _check_foreign_servers(self) -> None:
        broker, database = self._settings.kafka_bootstrap, self._settings.database_url
        if broker and not probes.kafka_answers(broker):
            raise StackError(
                f"The broker {broker} of TOCSIN_KAFKA_BOOTSTRAP does not answer.",
                remedy="Start it, or remove the variable: a broker of our own is started then.",
            )
        if database and not probes.postgres_answers(database):
            raise StackError(
                "The database of TOCSIN_DATABASE_URL does not answer.",
                remedy="Start it, or remove the variable: one of our own is started then.",
            )


def _new_cluster_id() -> str:
    """Return 128 bits as Kafka writes them, never with a leading dash.

    One id in 64 would begin with a dash, and Kafka's tools would take it for an option.
    """
    bits = secrets.token_bytes(16)
    return base64.urlsafe_b64encode(bytes([bits[0] & 0x7F]) + bits[1:]).decode().rstrip("=")


def _pid(current: StackState | None, *, server: str) -> int | None:
    process = getattr(current, server, None)
    return process.pid if process is not None and process.running() is not None else None
