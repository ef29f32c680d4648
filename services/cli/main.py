"""The `tocsin` command."""

import typer

app = typer.Typer(no_args_is_help=True, help="Tocsin: early warning for credit risk.")


@app.callback()
def tocsin() -> None:
    """Keep `tocsin` a command with sub-commands."""


def run() -> None:
    """Run the command line."""
    app()
