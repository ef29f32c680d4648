"""Lists the status of partitions so that it can be read in a terminal of 80 columns.

One table for each consumer and topic, because their names take half a line. The state, which may be
a sentence, has a line of its own only where it is more than the numbers show.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from services.cli.offsets.status import PartitionStatus


def listing(partitions: Sequence[PartitionStatus]) -> Group:
    """Return the tables, in the order of the partitions."""
    return Group(*_parts(partitions))


def _parts(partitions: Sequence[PartitionStatus]) -> Iterator[RenderableType]:
    by_topic = groupby(partitions, key=lambda status: (status.row.consumer, status.row.topic))
    for (consumer, topic), group in by_topic:
        listed = list(group)
        yield f"[bold]{escape(consumer)}[/] of {escape(topic)}"
        yield _table(listed)
        for owner in sorted({status.row.owner for status in listed} - {""}):
            numbers = [status.row.partition for status in listed if status.row.owner == owner]
            yield f"  owner of {', '.join(map(str, numbers))}: {escape(owner)}"
        for status in listed:
            if status.is_stopped:
                yield _stop(status)
        yield ""


def _table(partitions: Sequence[PartitionStatus]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 0), show_edge=False)
    for name in ("part", "offset", "epoch", "log", "lag"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("record", no_wrap=True)
    table.add_column("state")
    for status in partitions:
        row, broker = status.row, status.broker
        table.add_row(
            str(row.partition),
            str(row.next_offset),
            str(row.epoch),
            f"{broker.start}-{broker.end}" if broker else "?",
            "?" if status.lag is None else str(status.lag),
            broker.match.value if broker else "?",
            "[red]stopped[/]" if status.is_stopped else escape(status.text),
        )
    return table


def _stop(status: PartitionStatus) -> str:
    reason = f"{status.reason.value}: " if status.reason else ""
    return (
        f"  [bold red]stopped[/] partition {status.row.partition}: {reason}{escape(status.text)}\n"
        f"    see {status.runbook_entry}"
    )
