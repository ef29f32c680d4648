"""The `tocsin` command: a table of its parts, and the one place that shows errors.

A part is imported only when it is called, so that `tocsin --help` answers at once whatever the
parts need. To add one, add a line to `PARTS`; the module exposes a typer app, or a function that
typer can make a command of. A known error is shown as a sentence and a remedy. Anything else is
a bug: it is shown in one line, and `tocsin --debug …` shows its traceback.
"""

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import typer

HELP = """Tocsin: early warning for credit risk.

See it work:  `tocsin demo --once` plays months of a bank in a minute or two.

Set it up:  `tocsin stack up` (Kafka and PostgreSQL on this machine), `tocsin migrate`,
`tocsin topics`. Then feed it: `tocsin replay FILE.ndjson`.

Settings are environment variables TOCSIN_*; the help of each command names those it reads.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A command or a group of commands: where its code is, and its line in the help."""

    module: str
    attribute: str
    summary: str


PARTS: dict[str, Part] = {
    "demo": Part("services.cli.demo.command", "demo", "See the whole system work."),
    "simulate": Part("services.cli.simulate", "simulate", "Write a labelled portfolio to a file."),
    "stack": Part("services.cli.stack.commands", "app", "Run Kafka and PostgreSQL locally."),
    "migrate": Part("services.cli.migrate", "migrate", "Bring the database schemas up to date."),
    "keys": Part("services.cli.keys", "app", "Create, list and revoke API keys."),
    "topics": Part("services.cli.topics", "topics", "Create or check the Kafka topics."),
    "score": Part("services.cli.score", "score", "Judge the borrowers of a file of events."),
    "rulebook": Part("services.cli.rulebook", "app", "Check a rulebook, or set its cuts."),
    "bench": Part("services.cli.bench.command", "bench", "Measure speed against own ceilings."),
    "verify": Part("services.cli.verify.commands", "verify", "Fold the ledger afresh and compare."),
    "convert": Part("services.cli.convert.commands", "app", "Turn a public data set into events."),
    "evaluate": Part(
        "services.cli.evaluate.commands", "evaluate", "Hold assessments against what happened."
    ),
    "backtest": Part(
        "services.cli.backtest.commands", "backtest", "Fold a history; hold it against outcomes."
    ),
    "model": Part("services.cli.model.commands", "app", "Train a PD as a second opinion."),
    "quarantine": Part("services.cli.quarantine", "app", "Look after inputs that are no events."),
    "offsets": Part("services.cli.offsets.commands", "app", "See positions; go on after a stop."),
    "replay": Part("services.cli.replay.commands", "replay", "Send events through ingest."),
}


def build(arguments: Sequence[str]) -> typer.Typer:
    """Return the application with the called part imported and the others as lines of help."""
    app = typer.Typer(
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_before_every_command)
    called = next((each for each in arguments if not each.startswith("-")), None)
    for name, part in PARTS.items():
        if name == called:
            _add(app, name=name, part=part)
        else:
            app.command(name=name, help=part.summary)(_not_called)
    return app


def run() -> None:
    """Run the command line and end with its exit status."""
    try:
        build(sys.argv[1:])()
    except Exception as error:  # noqa: BLE001 - the last resort of the command: shown, then exit
        # Imported here, because drawing an error well needs what a quick answer does not.
        explanation = importlib.import_module("services.cli.explain")
        sys.exit(explanation.explain(error, debug="--debug" in sys.argv[1:2]))


def _add(app: typer.Typer, *, name: str, part: Part) -> None:
    target: typer.Typer | Callable[..., None] = getattr(
        importlib.import_module(part.module), part.attribute
    )
    if isinstance(target, typer.Typer):
        app.add_typer(target, name=name)
    else:
        app.command(name=name)(target)


def _before_every_command(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """Hold the option that stands before every command; `run` reads it."""


def _not_called() -> None:
    """Stand in for a part that this call does not need."""
