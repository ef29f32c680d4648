"""The list of jars that make up the broker, each with its size and SHA-256.

`kafka-jars.lock` is committed; what is downloaded must match it byte for byte. Run this module's
`regenerate` (`make lock`) after changing `COORDINATES`; it is the only code that resolves
dependencies, everybody else follows the list.
"""

import hashlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from jgo.maven import MavenContext
from jgo.parse import Endpoint

LOCK_FILE = Path(__file__).with_name("kafka-jars.lock")
# The second is the bridge from Kafka's logging to log4j; the broker is mute without it.
COORDINATES = (
    "org.apache.kafka:kafka_2.13:4.1.2",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3",
)
READ_BYTES = 1 << 20
HEADER = "# Jars of the local Kafka broker: SHA-256, bytes, group:artifact:version. `make lock`.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Jar:
    """One artifact of the broker's class path, and what its file must be."""

    group: str
    artifact: str
    version: str
    size_bytes: int
    sha256: str

    @property
    def relative_path(self) -> Path:
        """Return its path in a Maven repository."""
        folder = Path(*self.group.split("."), self.artifact, self.version)
        return folder / f"{self.artifact}-{self.version}.jar"

    def matches(self, path: Path) -> bool:
        """Return whether the file is exactly the locked one."""
        return path.stat().st_size == self.size_bytes and sha256_of(path) == self.sha256


def read() -> list[Jar]:
    """Return the locked jars in class path order."""
    jars = []
    for line in LOCK_FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            sha256, size_bytes, coordinate = line.split()
            group, artifact, version = coordinate.split(":")
            jars.append(
                Jar(
                    group=group,
                    artifact=artifact,
                    version=version,
                    size_bytes=int(size_bytes),
                    sha256=sha256,
                )
            )
    return jars


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def regenerate(*, remote_repositories: dict[str, str]) -> list[Jar]:
    """Resolve the coordinates, download each jar once and write the lock."""
    with tempfile.TemporaryDirectory() as room:
        context = MavenContext(
            repo_cache=Path(room), remote_repos=remote_repositories, timeout=60, local_repos=[]
        )
        jars: dict[tuple[str, str], Jar] = {}
        for text in COORDINATES:
            for jar in _resolved(text, context):
                jars.setdefault((jar.group, jar.artifact), jar)
    lines = [
        f"{jar.sha256} {jar.size_bytes:>9} {jar.group}:{jar.artifact}:{jar.version}\n"
        for jar in jars.values()
    ]
    LOCK_FILE.write_text(HEADER + "".join(lines), encoding="utf-8")
    return list(jars.values())


def _resolved(coordinate: str, context: MavenContext) -> list[Jar]:
    # One coordinate at a time: resolved together, the managed versions of one (log4j's list names
    # an old Kafka client) would overrule those of the other.
    dependencies = [
        context.create_dependency(replace(each, scope="compile"))
        for each in Endpoint.parse(coordinate).coordinates
    ]
    inputs, transitive = context.resolver.resolve(dependencies)
    wanted = [*inputs, *(each for each in transitive if each.scope in ("compile", "runtime"))]
    jars = []
    for dependency in wanted:
        path = dependency.artifact.resolve()
        jars.append(
            Jar(
                group=dependency.groupId,
                artifact=dependency.artifactId,
                version=dependency.version,
                size_bytes=path.stat().st_size,
                sha256=sha256_of(path),
            )
        )
    return jars
