"""`tocsin score`: the pure fold on a file, by hand-worked events."""

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from services.cli.errors import CommandError
from services.cli.score import score
from tests.fakes.wire_events import cloud_event

START = datetime(2024, 1, 1, 9, tzinfo=UTC)


def event(number: int, kind: str, data: dict[str, Any], *, day: int = 0) -> dict[str, Any]:
    """Return a canonical event booked so many days after the start."""
    moment = START + timedelta(days=day, minutes=number)
    time = moment.isoformat().replace("+00:00", "Z")
    return cloud_event(kind, f"e-{number}", borrower="B-1", data=data, time=time, source="core")


def iso(day: int) -> str:
    return (START + timedelta(days=day)).date().isoformat()


def unpaid_loan() -> list[dict[str, Any]]:
    """A loan of 1,000 due on 31 January, of which nothing is ever paid."""
    return [
        event(
            1,
            "borrower.registered.v1",
            {"segment": "RETAIL", "reporting_currency": "EUR", "country": "DE"},
        ),
        event(
            2,
            "loan.booked.v1",
            {
                "loan_id": "L-1",
                "type": "TERM",
                "currency": "EUR",
                "principal": "1000.00",
                "start_date": iso(0),
            },
        ),
        event(
            3,
            "schedule.published.v1",
            {
                "loan_id": "L-1",
                "schedule_version": 1,
                "currency": "EUR",
                "instalments": [
                    {
                        "instalment_no": 1,
                        "due_date": "2024-01-31",
                        "due_principal": "1000.00",
                        "due_interest": "0.00",
                        "due_fees": "0.00",
                    }
                ],
            },
        ),
    ]


def write(folder: Path, events: list[dict[str, Any]]) -> Path:
    file = folder / "events.ndjson"
    file.write_text("".join(json.dumps(one) + "\n" for one in events), encoding="utf-8")
    return file


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    app = typer.Typer()
    app.command()(score)
    return CliRunner().invoke(app, [*arguments], input=stdin)


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_days_are_closed_up_to_as_of(tmp_path: Path) -> None:
    file = write(tmp_path, unpaid_loan())
    result = run(str(file), "--as-of", "2024-03-02", "--rulebook", "reference")
    assert result.exit_code == 0
    (found,) = lines(result)
    # 31 January to 2 March 2024: 31 days elapsed; material from the close of 1 February on.
    assert found["as_of"] == "2024-03-02"
    assert found["dpd_operational"] == 31
    assert found["dpd_regulatory"] == 31
    assert found["state"] == "WATCH"
    assert found["indicators"]["R-01"]["level"] == "RED"
    assert found["rulebook_version"] == "1.0"


def test_default_comes_with_the_ninety_first_material_day(tmp_path: Path) -> None:
    file = write(tmp_path, unpaid_loan())
    (on_90,) = lines(run(str(file), "--as-of", "2024-04-30", "--rulebook", "reference"))
    assert (on_90["dpd_regulatory"], on_90["state"]) == (90, "HIGH_RISK")
    (on_91,) = lines(run(str(file), "--as-of", "2024-05-01", "--rulebook", "reference"))
    assert (on_91["dpd_regulatory"], on_91["state"]) == (91, "DEFAULT")


def test_decimals_are_strings_and_shares_add_up(tmp_path: Path) -> None:
    file = write(tmp_path, unpaid_loan())
    (found,) = lines(run(str(file), "--as-of", "2024-03-02", "--rulebook", "reference"))
    assert isinstance(found["score"], str)
    shared = sum(float(one["contribution"]) for one in found["top_contributors"])
    assert shared == pytest.approx(float(found["score"]), abs=0.01)
    assert found["top_contributors"][0]["evidence"]


def test_an_assessment_per_event_and_per_day(tmp_path: Path) -> None:
    file = write(tmp_path, unpaid_loan())
    by_event = lines(run(str(file), "--every", "event"))
    assert len(by_event) == 3
    by_day = lines(run(str(file), "--every", "day", "--as-of", "2024-01-10"))
    assert [one["as_of"] for one in by_day] == [iso(step) for step in range(10)]


def test_standard_input_and_gzip_say_the_same_as_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, unpaid_loan())
    packed = tmp_path / "events.ndjson.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    plain = run(str(file), "--as-of", "2024-03-02").stdout
    assert run(str(packed), "--as-of", "2024-03-02").stdout == plain
    assert run("-", "--as-of", "2024-03-02", stdin=file.read_bytes()).stdout == plain


@pytest.mark.parametrize(("equity", "is_refused"), [("394.99", True), ("395", False)])
def test_a_statement_whose_sides_differ_is_refused_as_ingest_does(
    tmp_path: Path, equity: str, is_refused: bool
) -> None:
    # 0.5 % of 1,000 is 5: liabilities of 600 and equity of 395 are the least that passes.
    lines_of_both = {"total_assets": "1000", "total_liabilities": "600", "equity": equity}
    filed = {"statement_id": "S-1", "period_end": "2023-12-31", "period_months": 12}
    filed |= {"received_date": iso(3), "currency": "EUR", **lines_of_both}
    events = [*unpaid_loan()[:2], event(4, "statement.received.v1", filed, day=3)]
    result = run(str(write(tmp_path, events)))
    assert ("line 3: balance_broken" in result.stderr) == is_refused
    assert f"{3 - is_refused} applied" in result.stderr


def test_duplicates_are_dropped_and_counted(tmp_path: Path) -> None:
    events = unpaid_loan()
    file = write(tmp_path, [*events, events[2] | {"data": {}}])
    result = run(str(file))
    assert result.exit_code == 1
    assert "line 4" in result.stderr
    file = write(tmp_path, [*events[:2], events[1], events[2]])
    result = run(str(file))
    assert result.exit_code == 0
    assert "1 duplicates" in result.stderr


def test_borrowers_are_counted_by_state(tmp_path: Path) -> None:
    assert run(str(write(tmp_path, unpaid_loan()))).stderr.endswith("1 borrower: NORMAL 1\n")


def test_a_file_without_events_has_no_borrowers(tmp_path: Path) -> None:
    result = run(str(write(tmp_path, [])))
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1] == "0 borrowers"


def test_a_line_that_cannot_be_read_is_reported_and_the_rest_is_scored(tmp_path: Path) -> None:
    file = write(tmp_path, unpaid_loan())
    file.write_text("{not json\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    result = run(str(file))
    assert result.exit_code == 1
    assert "line 1:" in result.stderr
    assert len(lines(result)) == 1


def test_a_file_that_goes_back_in_time_is_refused_by_line(tmp_path: Path) -> None:
    events = unpaid_loan()
    result = run(str(write(tmp_path, [events[0], events[2], events[1]])))
    assert isinstance(result.exception, CommandError)
    assert "line 3: time 2024-01-01T09:02:00+00:00 lies before" in result.exception.problem


def test_the_files_own_day_closes_are_used(tmp_path: Path) -> None:
    closes = [
        event(10 + step, "day.closed.v1", {"closed_date": iso(step)}, day=step + 1)
        | {"subject": "*", "id": f"day-closed:{iso(step)}"}
        for step in range(33)
    ]
    result = run(str(write(tmp_path, [*unpaid_loan(), *closes])))
    (found,) = lines(result)
    assert found["as_of"] == date(2024, 2, 2).isoformat()
    assert found["dpd_operational"] == 2


def test_a_table_has_a_row_per_assessment_and_a_typed_column_per_figure(tmp_path: Path) -> None:
    path = tmp_path / "figures.parquet"
    arguments = ["--every", "day", "--as-of", "2024-03-01", "--table", str(path)]
    result = run(str(write(tmp_path, unpaid_loan())), *arguments)
    table = parquet.read_table(path)
    # Every day from 1 January to 1 March, and nothing beside the table.
    assert (result.stdout, table.num_rows) == ("", 61)
    last = table.to_pylist()[-1]
    # Due on 31 January: 30 days late on 1 March.
    assert (last["as_of"], last["R-01.value"], last["R-01.status"]) == (
        date(2024, 3, 1),
        30.0,
        "measured",
    )
    # R-07 is not used by the rulebook; it is measured all the same, without a level.
    assert (last["R-07.status"], last["R-07.level"]) == ("measured", None)
    assert (last["F-01.value"], last["F-01.status"]) == (None, "not_applicable")
    assert table.schema.field("R-01.value").metadata[b"unit"] == b"days"
    assert str(table.schema.field("as_of").type) == "date32[day]"


def test_a_table_has_no_sentences(tmp_path: Path) -> None:
    file = str(write(tmp_path, unpaid_loan()))
    result = run(file, "--explain", "en", "--table", str(tmp_path / "figures.parquet"))
    assert isinstance(result.exception, CommandError)
    assert "has no sentences" in str(result.exception)


def test_a_broken_rulebook_is_explained(tmp_path: Path) -> None:
    result = run(str(write(tmp_path, unpaid_loan())), "--rulebook", "nobody")
    assert isinstance(result.exception, CommandError)
    assert "no shipped rulebook" in result.exception.problem


def test_an_explanation_is_plain_text_in_the_language(tmp_path: Path) -> None:
    file = write(tmp_path, unpaid_loan())
    result = run(str(file), "--as-of", "2024-04-01", "--rulebook", "reference", "--explain", "es")
    assert "- Lleva 61 días con importes vencidos (límite: más de 60 días)" in result.stdout


def test_an_explanation_in_json_stands_beside_the_figures(tmp_path: Path) -> None:
    file = write(tmp_path, unpaid_loan())
    (found,) = lines(run(str(file), "--as-of", "2024-04-01", "--explain", "zh", "--json"))
    assert found["dpd_operational"] == 61
    assert found["story"]["language"] == "zh"
