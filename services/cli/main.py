"""The `tocsin` command: one line per command group, and one place that shows errors.

Groups are imported only when they are used, so that `tocsin --help` answers at once. A known
error is a sentence and a remedy; anything else is a bug and shows its traceback.
"""

import typer

from services.cli.stack import commands as stack

app = typer.Typer(no_args_is_help=True, help="Tocsin: early warning for credit risk.")
app.add_typer(stack.app, name="stack")


@app.callback()
def tocsin() -> None:
    """Keep `tocsin` a command with sub-commands."""


def run() -> None:
    """Run the command line."""
    app()
