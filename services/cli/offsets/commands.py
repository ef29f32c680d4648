"""`tocsin offsets`: the commands.

Works with the administrator's database URL, as `tocsin keys` does: services cannot write the
audit of decisions.
"""

import asyncio
import getpass
import json
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import asyncpg
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.cli.errors import CommandError
from services.cli.offsets import changing, rows
from services.cli.offsets.broker import Broker, connected
from services.cli.offsets.places import Consumer, Place, remedy
from services.cli.offsets.rows import Decision
from services.cli.options import AsJson
from services.kit.settings import PlatformSettings

app = typer.Typer(no_args_is_help=True, help="See positions, and go on deliberately after a stop.")
_console = Console()
_notes = Console(stderr=True)
Result = TypeVar("Result")

Name = Annotated[str, typer.Option("--consumer", help="ingest, scoring or alerts.")]
Topic = Annotated[str, typer.Option(help="The full name of the topic, as `show` lists it.")]
Why = Annotated[str, typer.Option(help="Kept for the auditors: the incident, who agreed.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
By = Annotated[str | None, typer.Option(help="Who decides; the login name by default.")]


def consumers(settings: PlatformSettings) -> dict[str, Consumer]:
    """Return every consumer whose position is in the database."""
    prefix = settings.topic_prefix
    groups = {
        "ingest": f"{prefix}ingest.{{topic}}",
        "scoring": f"{prefix}scoring",
        "alerts": f"{prefix}alerts",
    }
    return {name: Consumer(name=name, schema=name, group=group) for name, group in groups.items()}


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show where every partition stands, and why those stand still that do."""

    async def work(connection: asyncpg.Connection, broker: Broker) -> list[Place]:
        places = []
        for consumer in consumers(PlatformSettings()).values():
            places += await changing.listed(connection, broker, consumer)
        return places

    places = _run(work)
    if as_json:
        stopped = sum(place.is_stopped for place in places)
        _print_json({"partitions": [each.as_json() for each in places], "stopped": stopped})
        return
    _console.print(_table(places))
    for place in places:
        if place.is_stopped:
            where = f"{place.row.consumer} {place.row.topic}/{place.row.partition}"
            _console.print(f"[bold red]stopped[/] {where}: see {remedy(place)}")


@app.command("set")
def set_position(
    consumer: Name,
    topic: Topic,
    partition: Annotated[int, typer.Option(min=0)],
    reason: Why,
    to: Annotated[int | None, typer.Option(min=0, help="Read on from this offset.")] = None,
    to_start: Annotated[bool, typer.Option("--to-start", help="From the log's first.")] = False,
    to_end: Annotated[bool, typer.Option("--to-end", help="After the log's last.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also when a process works on the partition.")
    ] = False,
    by: By = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Set a position: says what is skipped or read again, asks, fences the owner, keeps why.

    A process that holds the partition goes on from there within seconds, without a restart.
    """
    chosen, decision = _consumer(consumer), _decision(reason, by)

    async def work(connection: asyncpg.Connection, broker: Broker) -> dict[str, object]:
        places = await changing.listed(connection, broker, chosen, topic=topic)
        place = _named(places, topic=topic, partition=partition)
        plan = changing.planned(place, to=to, to_start=to_start, to_end=to_end)
        changing.refuse_live(place, force=force)
        _confirm(plan.words(), yes=yes)
        async with connection.transaction():
            change = await rows.set_position(
                connection, chosen, place, to=plan.to, decision=decision, force=force
            )
        return {
            "change_id": change,
            "consumer": consumer,
            "topic": topic,
            "partition": partition,
            "from": place.row.next_offset,
            "to": plan.to,
            "skipped": plan.skipped,
            "gone": plan.gone,
            "read_again": plan.read_again,
            "changed": True,
        }

    done = _run(work)
    _notes.print(f"{topic}/{partition} reads on from {done['to']}; change {done['change_id']}.")
    if as_json:
        _print_json(done)


@app.command("accept-partitions")
def accept_partitions(
    consumer: Name,
    topic: Topic,
    reason: Why,
    by: By = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Accept that a topic has another number of partitions, where no order can be lost by it.

    The key of an event chooses its partition by the number of partitions, so most borrowers move.
    Refused while old partitions hold what is not applied, while the outbox holds messages, and
    always for scoring once it has applied anything: then rebuild by replay.
    """
    chosen, decision = _consumer(consumer), _decision(reason, by)

    async def work(connection: asyncpg.Connection, broker: Broker) -> dict[str, object]:
        places = await changing.listed(connection, broker, chosen, topic=topic)
        if not places:
            raise _unknown(topic)
        now = await broker.partition_count(topic)
        before = places[0].row.partition_count
        if {place.row.partition_count for place in places} == {now}:
            return {"topic": topic, "from": before, "to": now, "changed": False}
        said = [
            f"{topic} had {before} partitions and has {now}. Most borrowers move to another "
            "partition; from now on their order holds within the new one only."
        ]
        _confirm(said, yes=yes)
        async with connection.transaction():
            changes = await changing.accept_partitions(
                connection, chosen, places, decision=decision
            )
        return {"topic": topic, "from": before, "to": now, "changed": True, "change_ids": changes}

    done = _run(work)
    _notes.print(f"{topic}: {done['to']} partitions are accepted (before: {done['from']}).")
    if as_json:
        _print_json(done)


def _consumer(name: str) -> Consumer:
    known = consumers(PlatformSettings())
    if name not in known:
        raise CommandError(
            f"--consumer {name} is unknown.", remedy=f"It is one of {', '.join(known)}."
        )
    return known[name]


def _decision(reason: str, by: str | None) -> Decision:
    if not reason.strip():
        raise CommandError("--reason is empty.", remedy="Say why; the auditors will ask.")
    return Decision(by=(by or getpass.getuser()).strip(), reason=reason.strip())


def _named(places: list[Place], *, topic: str, partition: int) -> Place:
    for place in places:
        if place.row.partition == partition:
            return place
    raise _unknown(f"{topic}/{partition}")


def _unknown(what: str) -> CommandError:
    return CommandError(
        f"No position is kept for {what}; it was never claimed.",
        remedy="`tocsin offsets show` lists what there is.",
    )


def _confirm(said: list[str], *, yes: bool) -> None:
    for sentence in said:
        _notes.print(escape(sentence), highlight=False)
    if not yes and not typer.confirm("Do it?", err=True):
        raise CommandError("Nothing was changed.", remedy="Give --yes to answer beforehand.")


def _run(work: Callable[[asyncpg.Connection, Broker], Awaitable[Result]]) -> Result:
    settings = PlatformSettings()

    async def run() -> Result:
        connection = await asyncpg.connect(settings.dsn, timeout=10)
        try:
            async with connected(settings.kafka_bootstrap) as broker:
                return await work(connection, broker)
        finally:
            await connection.close()

    try:
        return asyncio.run(run())
    except asyncpg.UndefinedTableError as error:
        raise CommandError(
            "The schemas are not at this version.", remedy="Run `tocsin migrate` first."
        ) from error


def _table(places: list[Place]) -> Table:
    table = Table("consumer", "topic", "part", "position", "epoch", "owner", "log", "lag", "digest")
    table.add_column("state", overflow="fold")
    for place in places:
        row, broker = place.row, place.broker
        reason = f"[red]{place.reason.value}[/]: " if place.reason else ""
        table.add_row(
            row.consumer,
            escape(row.topic),
            str(row.partition),
            str(row.next_offset),
            str(row.epoch),
            escape(row.owner or "-"),
            f"{broker.start}-{broker.end}" if broker else "?",
            "?" if place.lag is None else str(place.lag),
            broker.match.value if broker else "?",
            reason + escape(place.words),
        )
    return table


def _print_json(document: dict[str, object]) -> None:
    print(json.dumps(document))
