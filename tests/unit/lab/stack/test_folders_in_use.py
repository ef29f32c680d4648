"""Whether the folder of a server is still in use, by the server's own locks."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.stack import postgres
from lab.stack.java import Java
from lab.stack.kafka import Kafka
from lab.stack.postgres import Postgres

HEADER = "       key      shmid perms                  size  cpid  lpid nattch   uid   gid"


def database(tmp_path: Path) -> Postgres:
    folder = tmp_path / "postgres"
    folder.mkdir()
    return Postgres(data_dir=folder, log=tmp_path / "log", port=0, password="")


def table(tmp_path: Path, *, key: int, segment: int, attached: int) -> Path:
    path = tmp_path / "shm"
    path.write_text(f"{HEADER}\n{key:>10} {segment:>10}   600 56 7 8 {attached:>6}   0   0\n")
    return path


def record(server: Postgres, segment: int) -> None:
    lines = ["4711", str(server.data_dir), "1", "5432", "", "127.0.0.1", f"   99   {segment}"]
    (server.data_dir / "postmaster.pid").write_text("\n".join(lines))


@pytest.mark.parametrize(("attached", "in_use"), [(2, True), (0, False)])
def test_the_recorded_shared_memory_is_in_use_while_a_process_is_attached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attached: int, in_use: bool
) -> None:
    server = database(tmp_path)
    record(server, 1245)
    rows = table(tmp_path, key=5, segment=1245, attached=attached)
    monkeypatch.setattr(postgres, "SHARED_MEMORY", rows)
    assert server._has_shared_memory() is in_use


def test_half_of_the_file_leaves_the_key_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = database(tmp_path)
    (server.data_dir / "postmaster.pid").write_text("4711\n/da")
    inode = os.stat(server.data_dir).st_ino & 0xFFFFFFFF
    # The table shows the key as a signed number.
    key = inode - (1 << 32) if inode >> 31 else inode
    rows = table(tmp_path, key=key, segment=7, attached=1)
    monkeypatch.setattr(postgres, "SHARED_MEMORY", rows)
    assert server._has_shared_memory()


def test_shared_memory_of_another_cluster_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = database(tmp_path)
    record(server, 1245)
    rows = table(tmp_path, key=5, segment=1246, attached=9)
    monkeypatch.setattr(postgres, "SHARED_MEMORY", rows)
    assert not server._has_shared_memory()


def test_a_process_id_that_belongs_to_another_process_is_removed(tmp_path: Path) -> None:
    server = database(tmp_path)
    (server.data_dir / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data_dir}\n")
    server.clear(on_wait=lambda: pytest.fail("nothing is to be awaited"))
    assert list(server.data_dir.iterdir()) == []


def test_the_log_folder_is_in_use_while_its_lock_is_held(tmp_path: Path) -> None:
    node = Kafka(
        data_dir=tmp_path,
        log=tmp_path / "log.txt",
        port=0,
        controller_port=0,
        cluster_id="c",
        java=Java(executable=Path("java"), major=17),
        jars=(),
    )
    assert not node._is_locked()
    lock = tmp_path / "log" / ".lock"
    lock.parent.mkdir()
    lock.touch()
    assert not node._is_locked()
    script = (
        "import fcntl, sys\nfile = open(sys.argv[1], 'r+b')\nfcntl.lockf(file, fcntl.LOCK_EX)\n"
        "print('locked', flush=True)\ninput()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        assert node._is_locked()
        other.communicate("\n")
    assert not node._is_locked()
    with lock.open("r+b") as ours:
        fcntl.lockf(ours, fcntl.LOCK_EX | fcntl.LOCK_NB)
