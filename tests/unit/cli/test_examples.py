"""Every example that `--help` shows and that runs on files alone does what it promises."""

import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.errors import CommandError
from services.cli.main import build
from services.scoring.adapters.rulebook_reader import path_of
from tests.fakes import directory_example
from tests.reference import examples
from tests.unit.lab.convert.small_tables import write_tables

SIMULATED = ("--borrowers", "8", "--days", "100")


def tocsin(line: str, stdin: bytes = b"") -> bytes:
    """Run a command line as typed, in this process; return its standard output."""
    words = shlex.split(line)
    assert words[0] == "tocsin", line
    result = CliRunner().invoke(build(words[1:]), words[1:], input=stdin)
    if isinstance(result.exception, CommandError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout_bytes


def run(example: str) -> None:
    """Run an example with its redirection, in the current folder."""
    command, _, target = example.partition(" > ")
    output = tocsin(command)
    if target:
        Path(target.strip()).write_bytes(output)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the examples name, as their commands and a person would have written them."""
    folder = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        tocsin(shlex.join(["tocsin", "simulate", "--out", "events.ndjson", *SIMULATED]))
        # The first of them fails on 25 March, says a person.
        outcomes = Path("events.labels.csv").read_text(encoding="utf-8")
        Path("labels.csv").write_text(outcomes.replace("B00001,", "B00001,2024-03-25", 1), "utf-8")
        for name in ("events.ndjson", "events.labels.csv"):
            shutil.copy(name, name.replace("events", "bank"))
        rulebook = path_of("reference").read_text(encoding="utf-8")
        Path("mine.yaml").write_text(
            rulebook.replace("rulebook: reference", "rulebook: mine", 1), encoding="utf-8"
        )
        run("tocsin score events.ndjson --every day --json > assessments.ndjson")
        tocsin("tocsin model train assessments.ndjson labels.csv --out model.json")
        write_tables(folder)
        for name in ("people.yaml", "next.yaml"):
            Path(name).write_text(directory_example.example(), encoding="utf-8")
    return folder


@pytest.fixture
def in_folder(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the files, as the current folder."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("example", examples.offline())
def test_an_example_runs(example: str, in_folder: Path) -> None:
    run(example)


@pytest.mark.parametrize("name", examples.by_command())
def test_every_command_shows_examples_of_itself(name: str) -> None:
    shown = examples.of(name)
    assert any(f"tocsin {name} " in f"{example} " for example in shown), shown
