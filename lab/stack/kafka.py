"""One Apache Kafka node in KRaft mode: broker and controller in one Java process.

The settings are those that a single node needs to be honest and quick: replication factors of
one, no waiting for a second group member, no topic that nobody created. Records never expire
here: a demo plays months in a minute, and retention by record time would delete them.
"""

import fcntl
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab.stack import probes, processes
from lab.stack.errors import StackError, disk_full
from lab.stack.java import Java
from lab.stack.ports import LOOPBACK
from lab.stack.processes import StartedProcess, UsedFolder

# After a crash the node first reads its logs again.
START_LIMIT_SECONDS = 300.0
STOP_WAIT_SECONDS = 30.0
FORMAT_LIMIT_SECONDS = 60.0
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "num.partitions": "8",
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    # Members that a test kills should be missed within seconds.
    "group.min.session.timeout.ms": "2000",
    "log.retention.ms": "-1",
    # The cleaner reserves this much heap at once; the default is a quarter of ours.
    "log.cleaner.dedupe.buffer.size": "16777216",
}
JVM_OPTIONS = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-Djava.awt.headless=true")
LOG4J = """\
appenders = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = console
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """One node: its folder, its ports, and the Java and jars that run it."""

    data_dir: Path
    log: Path
    port: int
    controller_port: int
    cluster_id: str
    java: Java
    jars: tuple[Path, ...]

    @property
    def _properties(self) -> Path:
        return self.data_dir / "server.properties"

    @property
    def bootstrap(self) -> str:
        """Return the address that clients connect to."""
        return f"{LOOPBACK}:{self.port}"

    def clear(self, *, on_wait: Callable[[], None]) -> None:
        """Wait for what a crash left in the folder."""
        folder = UsedFolder(mark=self._properties, names=("java",), is_held=self._is_locked)
        processes.end_leftovers(folder, signals=(signal.SIGTERM,), on_wait=on_wait)

    def _is_locked(self) -> bool:
        """Return whether a node has the lock of the log folder, as the node itself takes it."""
        try:
            with (self.data_dir / "log" / ".lock").open("r+b") as lock:
                fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except (BlockingIOError, PermissionError):
            return True
        return False

    def start(self) -> StartedProcess:
        """Start the node; format its folder first if it is new."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        properties = self._properties
        self._write_configuration()
        if not (self.data_dir / "log" / "meta.properties").exists():
            self._format(properties)
        return processes.start(
            self._command("kafka.Kafka", str(properties)), log=self.log, mark=str(properties)
        )

    def wait_until_ready(self, process: StartedProcess) -> None:
        """Wait until the node answers a metadata request.

        Raises:
            StackError: If it ended, or does not answer in time.
        """
        if not probes.wait_until(
            lambda: probes.kafka_answers(self.bootstrap),
            is_alive=lambda: process.running() is not None,
            limit_seconds=START_LIMIT_SECONDS,
        ):
            raise processes.died(server="Kafka", log=self.log)

    @staticmethod
    def stop(process: StartedProcess) -> bool:
        """Stop the node cleanly."""
        return processes.stop(process, signals=(signal.SIGTERM,), wait_seconds=STOP_WAIT_SECONDS)

    def _command(self, main_class: str, *arguments: str) -> list[str]:
        options = [
            *JVM_OPTIONS,
            f"-Dlog4j2.configurationFile={self.data_dir / 'log4j2.properties'}",
        ]
        class_path = ":".join(str(jar) for jar in self.jars)
        return [str(self.java.executable), *options, "-cp", class_path, main_class, *arguments]

    def _write_configuration(self) -> None:
        settings = SETTINGS | {
            "controller.quorum.voters": f"1@{LOOPBACK}:{self.controller_port}",
            "listeners": (
                f"PLAINTEXT://{self.bootstrap},CONTROLLER://{LOOPBACK}:{self.controller_port}"
            ),
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "log.dirs": str(self.data_dir / "log"),
        }
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        self._properties.write_text("".join(lines), encoding="utf-8")
        (self.data_dir / "log4j2.properties").write_text(LOG4J, encoding="utf-8")

    def _format(self, properties: Path) -> None:
        arguments = ("format", "-t", self.cluster_id, "-c", str(properties))
        answer = subprocess.run(
            self._command("kafka.tools.StorageTool", *arguments),
            capture_output=True,
            text=True,
            timeout=FORMAT_LIMIT_SECONDS,
            check=False,
        )
        if answer.returncode == 0:
            return
        output = f"{answer.stdout}{answer.stderr}".strip()
        if any(words in output for words in processes.NO_SPACE):
            raise disk_full(self.data_dir)
        raise StackError(
            f"Kafka could not format its folder {self.data_dir}:\n{output}",
            remedy="Remove that folder and run the command again.",
        )
