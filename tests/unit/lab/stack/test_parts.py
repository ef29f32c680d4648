"""Java, ports, repositories, state, users: what each finds, and what it says when it does not."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from lab.stack import java, local, ports, state, unprivileged
from lab.stack.errors import StackError
from lab.stack.processes import StartedProcess
from lab.stack.repositories import repositories
from lab.stack.state import StackState


def fake_java(folder: Path, version_line: str) -> Path:
    binary = folder / "bin" / "java"
    binary.parent.mkdir(parents=True)
    binary.write_text(f"#!/bin/sh\necho '{version_line}' >&2\n")
    binary.chmod(0o755)
    return folder


def only(monkeypatch: pytest.MonkeyPatch, *executables: Path) -> None:
    monkeypatch.setattr(java, "_candidates", lambda _home: list(executables))


def test_the_first_java_that_is_new_enough_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = fake_java(tmp_path / "old", 'openjdk version "1.8.0_392"') / "bin" / "java"
    new = fake_java(tmp_path / "new", 'openjdk version "21.0.4" 2024-07-16') / "bin" / "java"
    only(monkeypatch, old, new)
    found = java.find_java(java_home=None)
    assert (found.executable, found.major) == (new, 21)


def test_without_a_new_java_the_message_lists_those_that_were_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = fake_java(tmp_path / "old", 'openjdk version "11.0.2"') / "bin" / "java"
    only(monkeypatch, old, tmp_path / "missing")
    with pytest.raises(StackError, match=r"Java 11.*does not run") as raised:
        java.find_java(java_home=None)
    assert "JAVA_HOME" in raised.value.remedy


def test_without_any_java_the_message_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    with pytest.raises(StackError, match="none found"):
        java.find_java(java_home=None)


def test_java_home_is_one_of_the_candidates(tmp_path: Path) -> None:
    assert tmp_path / "bin" / "java" in java._candidates(tmp_path)


def test_free_ports_are_different() -> None:
    assert len(set(ports.free_ports(20))) == 20


def test_a_taken_port_that_was_asked_for_is_refused_with_the_option() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackError, match=f"port {port} is taken") as raised:
            ports.choose(wanted=port, last=None, server="Kafka", option="--kafka-port")
    assert "--kafka-port" in raised.value.remedy


def test_the_port_of_the_last_run_is_kept_when_it_is_free() -> None:
    (port,) = ports.free_ports(1)
    assert ports.choose(wanted=None, last=port, server="Kafka", option="") == port


def test_a_taken_port_of_the_last_run_is_replaced() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert ports.choose(wanted=None, last=port, server="Kafka", option="") != port


MIRROR = """<settings xmlns="http://maven.apache.org/SETTINGS/1.2.0"><mirrors><mirror>
<id>inside</id><mirrorOf>{of}</mirrorOf><url>https://mirror.example/maven/</url>
</mirror></mirrors></settings>"""


@pytest.mark.parametrize(
    ("of", "is_used"), [("central", True), ("*", True), ("*,!central", False), ("other", False)]
)
def test_a_mirror_of_maven_central_in_mavens_settings_is_used(
    tmp_path: Path, of: str, is_used: bool
) -> None:
    settings = tmp_path / "settings.xml"
    settings.write_text(MIRROR.format(of=of))
    found = repositories(chosen=None, maven_settings=settings)
    assert (next(iter(found.values())) == "https://mirror.example/maven") is is_used


def test_the_repository_that_was_chosen_comes_first(tmp_path: Path) -> None:
    found = repositories(chosen="https://chosen.example/", maven_settings=tmp_path / "none.xml")
    assert list(found.values()) == ["https://chosen.example"]


def test_the_state_survives_a_round_trip_and_is_only_for_its_owner(tmp_path: Path) -> None:
    written = StackState(
        cluster_id="c",
        database_password="secret",
        kafka_port=1,
        kafka=StartedProcess(pid=2, started_at_seconds=3.5, mark="m"),
    )
    state.save(written, data_dir=tmp_path)
    assert state.load(tmp_path) == written
    assert (tmp_path / state.FILE_NAME).stat().st_mode & 0o077 == 0


def test_a_cluster_id_is_never_taken_for_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local.secrets, "token_bytes", lambda count: b"\xfb" * count)
    made = local._new_cluster_id()
    assert not made.startswith("-")
    assert len(made) == 22


def test_a_new_folder_has_no_state(tmp_path: Path) -> None:
    assert state.load(tmp_path) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to drop")
def test_root_runs_postgresql_as_somebody_who_may_pass_closed_folders(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    inside = closed / "program"
    inside.write_text("#!/bin/sh\n")
    inside.chmod(0o755)
    found = unprivileged.runner(folders=[inside])
    answer = subprocess.run(
        [*found.prefix, "sh", "-c", f"id -u; test -x {inside} && echo may enter"],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    user_id, *rest = answer.stdout.split("\n")
    assert int(user_id) != 0
    assert rest == ["may enter", ""]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to drop")
def test_open_folders_need_no_capability() -> None:
    found = unprivileged.runner(folders=[Path("/usr/bin")])
    assert not [each for each in found.prefix if "caps" in each]


def test_an_ordinary_user_runs_it_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unprivileged.runner(folders=[]) == unprivileged.Runner()
