"""`tocsin rulebook`: check says all that is wrong; calibrate writes a usable draft."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from services.cli.errors import CommandError
from services.cli.rulebook.commands import app
from services.scoring.adapters.rulebook_reader import PACKS, load_rulebook, shipped_names
from tests.fakes.wire_events import cloud_event

SCHEMA = Path(__file__).resolve().parents[4] / "schemas" / "rulebook" / "v1.schema.json"
QUIET_BORROWERS = 3
DAYS = ("2024-01-01", "2024-09-30")


def history(folder: Path) -> Path:
    """Three people who are registered and of whom nothing is heard for nine months."""
    lines = []
    for number in range(QUIET_BORROWERS):
        for order, day in enumerate(DAYS):
            lines.append(
                (
                    f"{day}T0{number}:00:00Z",
                    cloud_event(
                        "borrower.registered.v1",
                        f"e-{number}-{order}",
                        borrower=f"B-{number}",
                        data={"segment": "RETAIL", "reporting_currency": "EUR", "country": "DE"},
                        time=f"{day}T0{number}:00:00Z",
                    ),
                )
            )
    file = folder / "history.ndjson"
    text = "".join(json.dumps(event) + "\n" for _, event in sorted(lines, key=lambda one: one[0]))
    file.write_text(text, encoding="utf-8")
    return file


def test_a_shipped_rulebook_is_usable() -> None:
    result = CliRunner().invoke(app, ["check", "default", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout.splitlines()[-1])["usable"] is True


def test_a_file_that_is_not_there_is_named_with_where_it_was_sought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    error = CliRunner().invoke(app, ["check", "mine.yml"]).exception
    assert isinstance(error, CommandError)
    assert f"There is no file {tmp_path / 'mine.yml'}" in error.problem
    assert error.remedy == "Give the path of a YAML file, or one of: default, reference."


def test_every_problem_of_a_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("rulebook: mine\nindicators: {R-99: {weight: 2}}\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(file)])
    assert isinstance(result.exception, CommandError)
    for told in ("version is missing", "indicators.R-99: unknown indicator", "cuts"):
        assert told in result.exception.problem


def test_a_quiet_history_leaves_the_cuts_at_their_floors(tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    result = CliRunner().invoke(
        app,
        [
            "calibrate",
            str(history(tmp_path)),
            "--out",
            str(draft),
            "--floor",
            "21",
            "41",
            "71",
            "--population",
            "three quiet people",
            "--version",
            "2024-10",
            "--json",
        ],
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout.splitlines()[-1])["cuts"]
    assert list(found) == ["*"]
    assert (found["*"]["attention"], found["*"]["watch"], found["*"]["high_risk"]) == (21, 41, 71)
    cuts = load_rulebook(str(draft)).cuts["*"]
    assert cuts.attention == 210_000
    assert cuts.population == "3 healthy borrowers of three quiet people"
    assert "attention 20 %, watch 5 %" in cuts.budget
    assert cuts.set_on == "2024-09-30"
    assert load_rulebook(str(draft)).version == "2024-10"


def draft_of(folder: Path, name: str, *options: str) -> Path:
    """Calibrate on the quiet history with floors of 21, 41 and 71 points."""
    draft = folder / name
    floors = ["--floor", "21", "41", "71"]
    result = CliRunner().invoke(
        app, ["calibrate", str(history(folder)), "--out", str(draft), *floors, *options]
    )
    assert result.exit_code == 0, result.output
    return draft


def test_cuts_that_are_higher_already_are_kept_with_what_is_written_beside_them(
    tmp_path: Path,
) -> None:
    before = load_rulebook("default").cuts
    after = load_rulebook(str(draft_of(tmp_path, "draft.yaml", "--keep-higher"))).cuts
    assert after.keys() == before.keys()
    assert after["SME"] == before["SME"]
    assert after["*"].attention == max(before["*"].attention, 210_000)
    assert after["*"].high_risk == max(before["*"].high_risk, 710_000)
    assert before["*"].population in after["*"].population


def test_a_part_of_the_borrowers_can_be_held_back(tmp_path: Path) -> None:
    parts = [
        load_rulebook(str(draft_of(tmp_path, f"{part}.yaml", "--part", f"{part}/2"))).cuts["*"]
        for part in (1, 2)
    ]
    counted = [int(cuts.population.split()[0]) for cuts in parts]
    assert sum(counted) == QUIET_BORROWERS


# What `default` holds already; a second overlay for the same borrowers would have no order.
PART_OF_DEFAULT = {"cash-trade", "holding-companies", "start-ups"}
# `default` has overlays of its own for the same borrowers.
OTHERWISE_IN_DEFAULT = {"construction", "farming", "tourism"}


@pytest.mark.parametrize("name", shipped_names(PACKS))
def test_every_shipped_overlay_can_be_included(name: str, tmp_path: Path) -> None:
    base = "reference" if name in PART_OF_DEFAULT | OTHERWISE_IN_DEFAULT else "default"
    draft = tmp_path / "draft.yaml"
    written = CliRunner().invoke(app, ["include", base, name, "--out", str(draft)])
    assert written.exit_code == 0, written.output
    checked = CliRunner().invoke(app, ["check", str(draft)])
    assert checked.exit_code == 0, checked.output
    added = len(load_rulebook(str(draft)).overlays) - len(load_rulebook(base).overlays)
    assert added > 0
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    overlays = {**schema["properties"]["overlays"], "$defs": schema["$defs"]}
    jsonschema.validate(yaml.safe_load(draft.read_text("utf-8"))["overlays"], overlays)


def test_all_overlays_can_be_included_at_once(tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    names = sorted({*shipped_names(PACKS)} - PART_OF_DEFAULT - OTHERWISE_IN_DEFAULT)
    written = CliRunner().invoke(app, ["include", "default", *names, "--out", str(draft)])
    assert written.exit_code == 0, written.output


@pytest.mark.parametrize("name", sorted(PART_OF_DEFAULT))
def test_default_holds_what_it_says_it_holds(name: str, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    CliRunner().invoke(app, ["include", "reference", name, "--out", str(draft)])
    held = {one.name: one for one in load_rulebook("default").overlays}
    for overlay in load_rulebook(str(draft)).overlays:
        mine = held[overlay.name]
        assert (mine.segment, mine.industry) == (overlay.segment, overlay.industry)
        assert overlay.indicators.items() <= mine.indicators.items()  # default may say more


def test_an_overlay_of_ones_own_and_one_that_is_not_there(tmp_path: Path) -> None:
    own, draft = tmp_path / "own.yaml", tmp_path / "draft.yaml"
    own.write_text("- {name: one, borrower: B-1, indicators: {R-03: {weight: 0.1}}}\n", "utf-8")
    assert (
        not CliRunner().invoke(app, ["include", "default", str(own), "--out", str(draft)]).exit_code
    )
    assert load_rulebook(str(draft)).named == {"B-1"}
    refused = CliRunner().invoke(app, ["include", "default", "nothing", "--out", str(draft)])
    assert isinstance(refused.exception, CommandError)
    assert "farming" in str(refused.exception)
