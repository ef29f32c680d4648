"""What a change of a position or of a partition count would do, and doing it.

A plan says in words what will be skipped or read again before anything is written. Setting a
position raises the epoch, so an owner that is still alive is fenced and claims again from the
new position; nothing is stopped or restarted for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.cli.errors import CommandError
from services.cli.offsets import rows
from services.cli.offsets.broker import Broker
from services.cli.offsets.places import Consumer, Place, judge
from services.cli.offsets.rows import Decision
from services.kit.database import Connection

# Its state lives in the partition: sweeps, day closes and order per borrower depend on it.
PARTITION_LOCAL = frozenset({"scoring"})
REBUILD = (
    "Rebuild by replay instead: choose a new TOCSIN_TOPIC_PREFIX and database, run "
    "`tocsin migrate` and `tocsin topics` with the new TOCSIN_PARTITIONS, then `tocsin replay` "
    "(or let the sources send again); see docs/runbook.md, 'Partition stopped: partitions changed'."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A new position and what it means."""

    place: Place
    to: int

    @property
    def skipped(self) -> int:
        """Return how many offsets are passed over without being applied."""
        return max(0, self.to - self.place.row.next_offset)

    @property
    def read_again(self) -> int:
        """Return how many offsets are read that were read before."""
        return max(0, min(self.place.row.next_offset, self._broker_end) - self.to)

    @property
    def gone(self) -> int:
        """Return how many of the skipped offsets are not on the log any more."""
        assert self.place.broker is not None
        return min(self.skipped, max(0, self.place.broker.start - self.place.row.next_offset))

    @property
    def _broker_end(self) -> int:
        assert self.place.broker is not None
        return self.place.broker.end

    def words(self) -> list[str]:
        """Return what happens, one sentence each."""
        row = self.place.row
        said = [
            f"{row.consumer} reads {row.topic}/{row.partition} on from offset {self.to} "
            f"(now {row.next_offset}; the log holds {self._span()})."
        ]
        if self.skipped:
            said.append(
                f"{self.skipped} offsets are skipped and never applied unless they are sent "
                f"again: {self.gone} are gone from the log, {self.skipped - self.gone} are still "
                "on it."
            )
        if self.read_again:
            said.append(
                f"{self.read_again} offsets are read again; what was applied before is recognised "
                "by its id and counted as a duplicate."
            )
        if not self.skipped and not self.read_again:
            said.append("Nothing is skipped and nothing is read again.")
        said.append(
            "The record before the position is not compared this once; whether this log continues "
            "the one that was read is your word."
        )
        return said

    def _span(self) -> str:
        assert self.place.broker is not None
        return f"{self.place.broker.start} to {self.place.broker.end}"


async def listed(
    connection: Connection, broker: Broker, consumer: Consumer, *, topic: str | None = None
) -> list[Place]:
    """Return where each partition of a consumer stands."""
    return [
        judge(row, await broker.look(row, group=consumer.group_of(row.topic)))
        for row in await rows.read(connection, consumer, topic=topic)
    ]


def planned(place: Place, *, to: int | None, to_start: bool, to_end: bool) -> Plan:
    """Return the plan of a new position.

    Raises:
        CommandError: If not exactly one position is named, or the log does not hold it.
    """
    if (to is not None) + to_start + to_end != 1:
        raise CommandError(
            "Name exactly one position.", remedy="Give --to N, --to-start or --to-end."
        )
    row, broker = place.row, place.broker
    if broker is None:
        raise CommandError(
            f"{row.topic} has no partition {row.partition} on the broker.",
            remedy="Restore the topic, or make it with `tocsin topics`.",
        )
    if row.partition_count != broker.partition_count:
        raise CommandError(
            f"{row.topic} had {row.partition_count} partitions and has {broker.partition_count}; a "
            "position does not help.",
            remedy="See `tocsin offsets accept-partitions --help`.",
        )
    wanted = broker.start if to_start else broker.end if to_end else to
    assert wanted is not None
    if not broker.start <= wanted <= broker.end:
        raise CommandError(
            f"--to {wanted} is not on the log of {row.topic}/{row.partition}, which holds "
            f"{broker.start} to {broker.end}.",
            remedy="Give an offset of that span, or --to-start or --to-end.",
        )
    return Plan(place=place, to=wanted)


def refuse_live(place: Place, *, force: bool) -> None:
    """Refuse to move a partition under a process that works on it.

    Raises:
        CommandError: Unless the partition stands still or `force` is given.
    """
    if place.is_live and not place.is_stopped and not force:
        raise CommandError(
            f"{place.row.owner} works on {place.row.topic}/{place.row.partition}: {place.words}.",
            remedy="A partition that runs needs no new position. With --force it is fenced first.",
        )


async def unsafe_reasons(
    connection: Connection, consumer: Consumer, places: Sequence[Place]
) -> list[str]:
    """Return why the new number of partitions cannot be accepted; nothing when it can."""
    topic = places[0].row.topic
    if any(place.broker is None for place in places):
        return [f"{topic} has fewer partitions than before: it was recreated, not extended."]
    reasons = []
    behind = {each.row.partition: each.lag for each in _old(places) if each.lag}
    if behind:
        reasons.append(
            "Old partitions hold what is not applied yet (partition: offsets "
            f"{', '.join(f'{number}: {lag}' for number, lag in behind.items())}); newer events of "
            "the same borrowers may stand in other partitions and would overtake them."
        )
    applied = sum(place.row.records for place in places)
    if consumer.name in PARTITION_LOCAL and applied:
        reasons.append(
            f"{applied} records are applied and the borrowers' states belong to the partitions "
            "they came from; with another number most borrowers move to a partition that does "
            "not own their state."
        )
    if waiting := await rows.waiting_to_be_told(connection, consumer):
        reasons.append(f"{waiting} messages of old partitions wait in the outbox.")
    return reasons


def _old(places: Sequence[Place]) -> list[Place]:
    """Return the partitions that there were before the number changed."""
    return [place for place in places if place.row.partition < place.row.partition_count]


async def accept_partitions(
    connection: Connection, consumer: Consumer, places: Sequence[Place], *, decision: Decision
) -> list[int]:
    """Accept the new number in the caller's transaction; return the audit rows.

    Raises:
        CommandError: If order per borrower could be lost by it.
    """
    reasons = await unsafe_reasons(connection, consumer, places)
    if reasons:
        raise CommandError(
            "The new number of partitions cannot be accepted. " + " ".join(reasons), remedy=REBUILD
        )
    return [
        await rows.accept_count(
            connection,
            consumer,
            place,
            count=place.broker.partition_count,
            decision=decision,
        )
        for place in places
        if place.broker is not None
    ]
