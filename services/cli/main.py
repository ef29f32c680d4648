"""The `tocsin` command: builds the command line from the tables of commands, and shows errors.

A command that is not called is only a line of help: its module is not imported. A known error is
shown as a sentence and a remedy. Anything else is a bug: it is shown in one line, and
`tocsin --debug …` shows its traceback.
"""

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence

import typer

from services.cli.commands import COMMANDS, LAB_COMMANDS, LAB_PACKAGE, Command, added
from services.cli.errors import CommandError

HELP = """Tocsin: early warning for credit risk.

Try it on a file, without servers: `tocsin score events.ndjson`.

Set it up: `tocsin migrate` and `tocsin topics`, then start the services. Send events with
`tocsin replay events.ndjson`, and check the results with `tocsin verify`.

Settings are environment variables TOCSIN_*; the help of each command names those it reads.
"""
# A command that is not installed takes any options, to answer all of them alike.
ANYTHING = {"allow_extra_args": True, "ignore_unknown_options": True}


def build(arguments: Sequence[str]) -> typer.Typer:
    """Return the application with the called command imported and the others as lines of help."""
    tables = added()
    app = typer.Typer(
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )
    app.callback()(_before_every_command)
    called = next((each for each in arguments if not each.startswith("-")), None)
    _add_table(app, COMMANDS, called=called, panel="Commands")
    for distribution, table in tables.items():
        _add_table(app, table, called=called, panel=f"Commands of {distribution}")
    if called in LAB_COMMANDS and not any(called in table for table in tables.values()):
        app.command(name=called, hidden=True, add_help_option=False, context_settings=ANYTHING)(
            _not_installed
        )
    return app


def run() -> None:
    """Run the command line and end with its exit status."""
    try:
        build(sys.argv[1:])()
    except Exception as error:  # noqa: BLE001 - the last resort of the command: shown, then exit
        # Imported here, because drawing an error well needs what a quick answer does not.
        explanation = importlib.import_module("services.cli.explain")
        sys.exit(explanation.explain(error, debug="--debug" in sys.argv[1:2]))


def _add_table(
    app: typer.Typer, table: Mapping[str, Command], *, called: str | None, panel: str
) -> None:
    for name, command in table.items():
        if name != called:
            app.command(name=name, help=command.summary, rich_help_panel=panel)(_not_called)
            continue
        target: typer.Typer | Callable[..., None] = getattr(
            importlib.import_module(command.module), command.attribute
        )
        if isinstance(target, typer.Typer):
            app.add_typer(target, name=name)
        else:
            app.command(name=name)(target)


def _before_every_command(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """Define the option that precedes every command; `run` reads it."""


def _not_called() -> None:
    """Replace a command that this call does not need."""


def _not_installed(context: typer.Context) -> None:
    raise CommandError(
        f"`tocsin {context.info_name}` is not installed.",
        remedy=f"It comes with the package {LAB_PACKAGE}: pip install {LAB_PACKAGE}",
    )
