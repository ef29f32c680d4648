"""Jars: every way a download can go wrong ends with the right bytes, or with a clear message."""

import hashlib
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from lab.stack import jar_lock, jars
from lab.stack.errors import StackError
from lab.stack.jar_lock import Jar

CONTENT = b"the bytes of a jar" * 1000


@dataclass
class Repository:
    """A Maven repository on the loopback address; `answers` says what each request gets."""

    url: str
    answers: list[bytes | int] = field(default_factory=list)
    requests: int = 0


@pytest.fixture
def repository() -> Iterator[Repository]:
    found = Repository(url="")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.endswith(".jar"):
                self.send_error(404)
                return
            found.requests += 1
            answer = found.answers.pop(0) if found.answers else CONTENT
            if isinstance(answer, int):
                self.send_error(answer)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "PAUSE_SECONDS", 0.0)


@pytest.fixture
def said() -> Console:
    return Console(file=io.StringIO(), width=200)


def jar(content: bytes = CONTENT) -> Jar:
    return Jar(
        group="org.example",
        artifact="broker",
        version="1.0",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def fetch(repository: Repository, cache_dir: Path, said: Console) -> list[Path]:
    return jars.class_path(
        [jar()],
        cache_dir=cache_dir,
        remote_repositories={"test": repository.url},
        console=said,
    )


def text(said: Console) -> str:
    assert isinstance(said.file, io.StringIO)
    return said.file.getvalue()


def test_a_jar_is_fetched_once_and_then_kept(
    repository: Repository, tmp_path: Path, said: Console
) -> None:
    (first,) = fetch(repository, tmp_path, said)
    (second,) = fetch(repository, tmp_path, said)
    assert first == second == tmp_path / "jars/org/example/broker/1.0/broker-1.0.jar"
    assert first.read_bytes() == CONTENT
    assert repository.requests == 1


def test_a_damaged_jar_in_the_cache_is_fetched_again_and_said(
    repository: Repository, tmp_path: Path, said: Console
) -> None:
    (path,) = fetch(repository, tmp_path, said)
    path.write_bytes(CONTENT[:100])
    (again,) = fetch(repository, tmp_path, said)
    assert again.read_bytes() == CONTENT
    assert "incomplete or damaged" in text(said)


def test_a_download_that_breaks_off_is_tried_again(
    repository: Repository, tmp_path: Path, said: Console
) -> None:
    repository.answers = [CONTENT[:500], CONTENT]
    (path,) = fetch(repository, tmp_path, said)
    assert path.read_bytes() == CONTENT
    assert repository.requests == 2


def test_an_error_of_the_server_is_tried_again(
    repository: Repository, tmp_path: Path, said: Console
) -> None:
    repository.answers = [503, CONTENT]
    (path,) = fetch(repository, tmp_path, said)
    assert path.read_bytes() == CONTENT


def test_bytes_that_do_not_match_the_lock_are_refused_and_not_kept(
    repository: Repository, tmp_path: Path, said: Console
) -> None:
    changed = b"X" + CONTENT[1:]
    repository.answers = [changed, changed, changed]
    with pytest.raises(StackError, match="never matched its SHA-256"):
        fetch(repository, tmp_path, said)
    assert list(tmp_path.rglob("*.jar")) == []


def test_without_a_network_the_message_names_the_ways_out(tmp_path: Path, said: Console) -> None:
    nobody = Repository(url="http://127.0.0.1:9")
    with pytest.raises(StackError, match=r"Could not fetch broker-1\.0\.jar") as raised:
        fetch(nobody, tmp_path, said)
    assert "HTTPS_PROXY" in raised.value.remedy
    assert "TOCSIN_KAFKA_BOOTSTRAP" in raised.value.remedy


def test_a_full_disk_is_called_a_full_disk(
    repository: Repository, tmp_path: Path, said: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jars, "_resolve", full)
    with pytest.raises(StackError, match="is full"):
        fetch(repository, tmp_path, said)


def test_the_committed_lock_names_a_whole_broker() -> None:
    locked = jar_lock.read()
    names = {f"{each.group}:{each.artifact}" for each in locked}
    assert {"org.apache.kafka:kafka_2.13", "org.apache.kafka:kafka-clients"} <= names
    assert "org.apache.logging.log4j:log4j-slf4j-impl" in names
    kafka = {each.version for each in locked if each.group == "org.apache.kafka"}
    assert len(kafka) == 1
    assert len({each.relative_path for each in locked}) == len(locked)
    assert all(len(each.sha256) == 64 for each in locked)
