"""`tocsin stack up|down|status`: the local Kafka and PostgreSQL from the command line."""

import json
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from lab.stack import jar_lock
from lab.stack.local import LocalStack
from lab.stack.logins import service_urls, service_variables
from lab.stack.repositories import repositories
from lab.stack.settings import StackSettings
from services.cli.options import AsJson

app = typer.Typer(
    no_args_is_help=True,
    help="A real Kafka and a real PostgreSQL on this machine (no Docker, no root).",
)
DataDir = Annotated[
    Path, typer.Option("--data", help="Folder for data, logs and state.", show_default=True)
]
DEFAULT_DATA_DIR = Path(".tocsin/stack")
STATUS_WHEN_DOWN = 1


@app.command()
def up(
    data: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Wait, and stop both on Ctrl-C or SIGTERM.")
    ] = False,
    kafka_port: Annotated[
        int | None, typer.Option(help="Port for Kafka; a free one if left out.")
    ] = None,
    postgres_port: Annotated[
        int | None, typer.Option(help="Port for PostgreSQL; a free one if left out.")
    ] = None,
) -> None:
    """Start both servers, or find those that run in the folder already.

    Prints the variables that other commands read. Both run until `tocsin stack down`.

    Examples:

        tocsin stack up
        tocsin stack up --data here
    """
    console = Console(stderr=True)
    stack = LocalStack(data, console=console, kafka_port=kafka_port, postgres_port=postgres_port)
    # SIGTERM while starting must undo what was started, as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    was_started = stack.start()
    stop_asked = threading.Event()
    if foreground:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: stop_asked.set())
    _show(stack, console=console, as_json=as_json, started=was_started)
    if foreground:
        console.print("Ctrl-C stops it.")
        stop_asked.wait()
        stack.stop()
        console.print("Stopped.")


@app.command()
def down(data: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Stop both servers of the folder; their data remains.

    Examples:

        tocsin stack down
        tocsin stack down --data here
    """
    was_running = LocalStack(data).stop()
    Console(stderr=True).print("Stopped." if was_running else "Nothing was running.")
    if as_json:
        print(json.dumps({"stopped": was_running}))


@app.command()
def status(data: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Query both servers; the exit status is 1 if one does not answer.

    Examples:

        tocsin stack status
    """
    stack = LocalStack(data)
    is_ready = stack.is_ready()
    if is_ready:
        _show(stack, console=Console(stderr=True), as_json=as_json, started=False)
        return
    Console(stderr=True).print(f"Not running. Start it: tocsin stack up --data {escape(str(data))}")
    if as_json:
        print(json.dumps({"ready": False}))
    raise typer.Exit(STATUS_WHEN_DOWN)


@app.command(hidden=True)
def lock() -> None:
    """Resolve Kafka's jars again and write kafka-jars.lock (for `make lock`)."""
    settings = StackSettings()
    remote = repositories(
        chosen=settings.maven_repository, maven_settings=Path.home() / ".m2" / "settings.xml"
    )
    jars = jar_lock.regenerate(remote_repositories=remote)
    Console(stderr=True).print(f"{len(jars)} jars in {jar_lock.LOCK_FILE}")


def _show(stack: LocalStack, *, console: Console, as_json: bool, started: bool) -> None:
    console.print(
        f"{'Started.' if started else 'Already running.'} Data and logs: "
        f"{escape(str(stack.data_dir))}\n"
        "For other commands and programs:"
    )
    variables = {
        "TOCSIN_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
        "TOCSIN_DATABASE_URL": stack.database_url,
        **service_variables(stack.database_url),
    }
    for name, value in variables.items():
        print(f"export {name}={value}")
    if as_json:
        print(
            json.dumps(
                {
                    "ready": True,
                    "started": started,
                    "kafka_bootstrap": stack.kafka_bootstrap,
                    "database_url": stack.database_url,
                    "service_database_urls": service_urls(stack.database_url),
                    "kafka_pid": stack.kafka_pid,
                    "postgres_pid": stack.postgres_pid,
                    "logs": str(stack.data_dir / "logs"),
                }
            )
        )
