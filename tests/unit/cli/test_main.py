"""The command line: help is quick and whole, errors are sentences, exit statuses mean something."""

import subprocess
import sys

import pytest
import typer
from pydantic_settings import BaseSettings

from lab import commands as lab_commands
from services.cli import main
from services.cli.commands import COMMANDS, LAB_COMMANDS
from services.cli.errors import CommandError
from services.cli.explain import BUG, KNOWN, USAGE, explain

RUN = "from services.cli.main import run; run()"


def tocsin(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", [*COMMANDS, *sorted(LAB_COMMANDS)])
def test_every_command_can_be_imported_and_explains_itself(name: str) -> None:
    application = typer.main.get_command(main.build([name]))
    assert application.commands[name].help


def test_help_lists_every_command_without_importing_any() -> None:
    script = (
        "import sys\nfrom services.cli import main\n"
        "try:\n    main.build(['--help'])(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'aiokafka', 'asyncpg', 'sqlalchemy', 'pydantic', 'fastapi'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert all(name in answer.stdout for name in [*COMMANDS, *LAB_COMMANDS])


class TestTheProductAlone:
    """What a person sees where the laboratory is not installed."""

    @pytest.fixture(autouse=True)
    def _no_laboratory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(main, "added", dict)

    def test_its_help_shows_the_product_only(self) -> None:
        application = typer.main.get_command(main.build(["--help"]))
        assert set(application.commands) == set(COMMANDS)

    @pytest.mark.parametrize("rest", [[], ["--once"], ["--help"], ["up", "--data", "here"]])
    def test_a_command_of_the_laboratory_names_its_package(self, rest: list[str]) -> None:
        with pytest.raises(CommandError, match=r"pip install tocsin-lab"):
            main.build(["demo", *rest])(["demo", *rest], standalone_mode=False)


def test_the_product_names_each_command_of_the_laboratory() -> None:
    assert lab_commands.COMMANDS.keys() == LAB_COMMANDS


def test_missing_settings_are_named_with_what_to_do() -> None:
    answer = tocsin("topics")
    said = " ".join(answer.stderr.split())
    assert answer.returncode == USAGE
    assert "TOCSIN_KAFKA_BOOTSTRAP: not set" in said
    assert "tocsin stack up" in said
    assert "Traceback" not in said


def test_debug_shows_the_traceback() -> None:
    assert "Traceback" in tocsin("--debug", "topics").stderr


def test_an_unknown_command_is_wrong_usage() -> None:
    assert tocsin("fortune").returncode == USAGE


class TestExplaining:
    def test_a_known_error_is_its_problem_and_its_remedy(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert explain(CommandError("It broke.", remedy="Mend it."), debug=False) == KNOWN
        assert capsys.readouterr().err == "tocsin: It broke.\nMend it.\n"

    def test_a_refused_connection_says_what_to_start(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert explain(ConnectionRefusedError(111, "refused"), debug=False) == KNOWN
        assert "tocsin stack up" in capsys.readouterr().err

    def test_anything_else_is_called_a_bug(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert explain(RuntimeError("[odd] thing"), debug=False) == BUG
        said = capsys.readouterr().err
        assert "unexpected RuntimeError: [odd] thing" in said
        assert "--debug" in said

    def test_a_wrong_model_that_is_no_setting_is_a_bug(self) -> None:
        class Amounts(BaseSettings):
            amount: int

        with pytest.raises(ValueError, match="amount") as raised:
            Amounts()
        assert explain(raised.value, debug=False) == BUG
