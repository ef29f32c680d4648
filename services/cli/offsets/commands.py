"""`tocsin offsets`: the commands.

Works with the administrator's database URL, as `tocsin keys` does: services cannot write the audit
of decisions.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

import asyncpg
import typer
from rich.console import Console
from rich.markup import escape

from services.cli.broker import BrokerReader, connected
from services.cli.database import with_connection
from services.cli.decider import DeciderKey, deciding_person
from services.cli.errors import CommandError
from services.cli.offsets import changes, rows
from services.cli.offsets.listing import listing
from services.cli.offsets.rows import OffsetDecision
from services.cli.offsets.status import Consumer, PartitionStatus
from services.cli.options import AsJson, group
from services.kit.access.keys import Role
from services.kit.settings import PlatformSettings

app = group("Inspect and set the offsets of partitions, to continue after a stop.")
_console = Console()
_notes = Console(stderr=True)
Result = TypeVar("Result")

Name = Annotated[str, typer.Option("--consumer", help="ingest, scoring or alerts.")]
Topic = Annotated[str, typer.Option(help="The full name of the topic, as `show` lists it.")]
Why = Annotated[str, typer.Option(help="Recorded for the auditors: the incident, who agreed.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


def consumers(settings: PlatformSettings) -> dict[str, Consumer]:
    """Return every consumer whose progress is in the database."""
    groups = {"ingest": "ingest.{topic}", "scoring": "scoring", "alerts": "alerts"}
    return {
        name: Consumer(name=name, schema=name, group=f"{settings.topic_prefix}{suffix}")
        for name, suffix in groups.items()
    }


@app.command()
def show(as_json: AsJson = False) -> None:
    """Show the offset of every partition, and the reason of each stop.

    Examples:

        tocsin offsets show
    """

    async def work(connection: asyncpg.Connection, broker: BrokerReader) -> list[PartitionStatus]:
        return [
            status
            for consumer in consumers(PlatformSettings()).values()
            for status in await changes.statuses(connection, broker, consumer)
        ]

    partitions = _run(work)
    stopped = [status for status in partitions if status.is_stopped]
    if as_json:
        listed = [status.as_json() for status in partitions]
        print(json.dumps({"partitions": listed, "stopped": len(stopped)}))
        return
    _console.print(listing(partitions))


@app.command("set")
def set_offset(
    consumer: Name,
    topic: Topic,
    partition: Annotated[int, typer.Option(min=0, help="The number of the partition.")],
    reason: Why,
    to: Annotated[int | None, typer.Option(min=0, help="Continue at this offset.")] = None,
    to_start: Annotated[bool, typer.Option("--to-start", help="At the log's first.")] = False,
    to_end: Annotated[bool, typer.Option("--to-end", help="After the log's last.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also if a process works on the partition.")
    ] = False,
    key: DeciderKey = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Set a partition's offset.

    Needs the key of a person with the role OPERATOR. Shows what would be skipped or re-read, asks
    for confirmation, fences the owner and records the person and the reason. A process that owns
    the partition continues at the new offset within seconds, without a restart.

    Examples:

        tocsin offsets set --consumer scoring --topic tocsin.events --partition 2 \\
            --to-start --reason "INC-7, agreed with Grace"
    """
    chosen, recorded = _consumer(consumer), _recorded(reason)

    async def work(connection: asyncpg.Connection, broker: BrokerReader) -> dict[str, object]:
        decision = OffsetDecision(by=await _operator(connection, key), reason=recorded)
        partitions = await changes.statuses(connection, broker, chosen, topic=topic)
        status = _with_number(partitions, topic=topic, partition=partition)
        plan = changes.planned(status, to=to, to_start=to_start, to_end=to_end)
        changes.refuse_live(status, force=force)
        _confirm(plan.sentences(), yes=yes)
        async with connection.transaction():
            change_id = await rows.set_offset(
                connection, chosen, status, to=plan.to, decision=decision, force=force
            )
        return {
            "change_id": change_id,
            "consumer": consumer,
            "topic": topic,
            "partition": partition,
            "from": status.row.next_offset,
            "to": plan.to,
            "skipped": plan.skipped,
            "gone": plan.gone,
            "read_again": plan.read_again,
            "changed": True,
        }

    result = _run(work)
    _notes.print(
        f"{topic}/{partition} continues at offset {result['to']}; change {result['change_id']}."
    )
    if as_json:
        print(json.dumps(result))


@app.command("accept-partitions")
def accept_partitions(
    consumer: Name,
    topic: Topic,
    reason: Why,
    key: DeciderKey = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Accept that a topic has another number of partitions, where no order can be lost by it.

    The key of an event and the number of partitions choose its partition, so most borrowers move.
    Refused while old partitions have unapplied records, while the outbox has messages, and always
    for scoring once it has applied anything: then rebuild by replay.

    Examples:

        tocsin offsets accept-partitions --consumer ingest --topic raw.repayments \\
            --reason "raw.repayments was extended to 8 partitions"
    """
    chosen, recorded = _consumer(consumer), _recorded(reason)

    async def work(connection: asyncpg.Connection, broker: BrokerReader) -> dict[str, object]:
        decision = OffsetDecision(by=await _operator(connection, key), reason=recorded)
        partitions = await changes.statuses(connection, broker, chosen, topic=topic)
        if not partitions:
            raise _unknown(topic)
        now = await broker.partition_count(topic)
        before = partitions[0].row.partition_count
        if {status.row.partition_count for status in partitions} == {now}:
            return {"topic": topic, "from": before, "to": now, "changed": False}
        sentence = (
            f"{topic} had {before} partitions and has {now}. Most borrowers move to another "
            "partition; from now on their order holds within the new one only."
        )
        _confirm([sentence], yes=yes)
        async with connection.transaction():
            ids = await changes.accept_partitions(connection, chosen, partitions, decision=decision)
        return {"topic": topic, "from": before, "to": now, "changed": True, "change_ids": ids}

    result = _run(work)
    _notes.print(f"{topic}: {result['to']} partitions are accepted (before: {result['from']}).")
    if as_json:
        print(json.dumps(result))


def _consumer(name: str) -> Consumer:
    named = consumers(PlatformSettings())
    if name not in named:
        raise CommandError(
            f"--consumer {name} is unknown.", remedy=f"It is one of {', '.join(named)}."
        )
    return named[name]


def _recorded(reason: str) -> str:
    if not reason.strip():
        raise CommandError("--reason is empty.", remedy="Give the reason; auditors will need it.")
    return reason.strip()


async def _operator(connection: asyncpg.Connection, key: str) -> str:
    return await deciding_person(connection, key, role=Role.OPERATOR)


def _with_number(
    partitions: Sequence[PartitionStatus], *, topic: str, partition: int
) -> PartitionStatus:
    for status in partitions:
        if status.row.partition == partition:
            return status
    raise _unknown(f"{topic}/{partition}")


def _unknown(name: str) -> CommandError:
    return CommandError(
        f"No offset is stored for {name}; it was never claimed.",
        remedy="`tocsin offsets show` lists what there is.",
    )


def _confirm(sentences: Sequence[str], *, yes: bool) -> None:
    for sentence in sentences:
        _notes.print(escape(sentence), highlight=False)
    if not yes and not typer.confirm("Do it?", err=True):
        raise CommandError("Nothing was changed.", remedy="Give --yes to confirm beforehand.")


def _run(work: Callable[[asyncpg.Connection, BrokerReader], Awaitable[Result]]) -> Result:
    async def with_broker(connection: asyncpg.Connection) -> Result:
        async with connected(PlatformSettings().kafka_bootstrap) as broker:
            return await work(connection, broker)

    return with_connection(with_broker)
