"""Turns an error into a message for a person and an exit status.

Exit status 1: a known error, with a remedy. 2: wrong usage, settings included. 70: a bug.
"""

import traceback

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from services.cli.errors import CommandError
from services.kit.settings import MissingSetting, settings_problem

KNOWN = 1
USAGE = 2
BUG = 70
# By name, because importing the drivers for their error classes would slow every command.
UNREACHABLE = {
    "KafkaConnectionError": ("The Kafka broker does not answer", "TOCSIN_KAFKA_BOOTSTRAP"),
    "ConnectionRefusedError": ("A server does not answer", "TOCSIN_*"),
    "CannotConnectNowError": ("PostgreSQL is still starting or stopping", "TOCSIN_DATABASE_URL"),
    "InvalidPasswordError": ("PostgreSQL refused the password", "TOCSIN_DATABASE_URL"),
    "InvalidCatalogNameError": ("The database does not exist", "TOCSIN_DATABASE_URL"),
}


def explain(error: Exception, *, debug: bool) -> int:
    """Print the error for a person; return the exit status."""
    console = Console(stderr=True)
    if debug:
        traceback.print_exception(error)
    status, problem, remedy = _classified(error)
    console.print(f"[bold red]tocsin:[/] {escape(problem)}", highlight=False)
    if remedy:
        console.print(escape(remedy), highlight=False)
    return status


def _classified(error: Exception) -> tuple[int, str, str]:
    if isinstance(error, CommandError):
        return KNOWN, error.problem, error.remedy
    if isinstance(error, ValidationError) and error.title.endswith("Settings"):
        return USAGE, settings_problem(error), "Set the variables, or run `tocsin stack up` first."
    if isinstance(error, MissingSetting):
        return USAGE, str(error), "Set the variable, or run `tocsin stack up` first."
    for kind in type(error).__mro__:
        if kind.__name__ in UNREACHABLE:
            problem, variable = UNREACHABLE[kind.__name__]
            return (
                KNOWN,
                f"{problem}: {str(error).splitlines()[0] if str(error) else kind.__name__}",
                f"Check {variable}, or start the local servers: tocsin stack up",
            )
    return (
        BUG,
        f"unexpected {type(error).__name__}: {error}",
        "This is a bug. `tocsin --debug …` shows where; please report it with that output.",
    )
