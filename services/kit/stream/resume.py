"""Whether the log and the database still belong together when a partition is claimed.

Called by `Partition` between the claim and the first record. Each refusal stops the partition;
the runbook says for each what to check, and `tocsin offsets set` is how to go on.
"""

from services.kit.database import Connection
from services.kit.stream.offset_sequence import Chain
from services.kit.stream.ports import Ports
from services.kit.stream.progress import Claim
from services.kit.stream.stop_reasons import StopPartition, StopReason


def continue_from(claim: Claim, *, first: int, end: int) -> Chain:
    """Return how to read on from where the claim stands, in a log that holds [first, end).

    Raises:
        StopPartition: If the log does not hold what comes next.
    """
    if claim.next_offset < first:
        raise StopPartition(
            StopReason.OFFSET_OUT_OF_RANGE,
            f"offset {claim.next_offset} is next and the log begins at {first}: "
            f"{first - claim.next_offset} records are gone",
        )
    if claim.next_offset > end:
        raise truncated(position=claim.next_offset, end=end)
    if claim.next_offset == first:
        # Retention took all that was applied, or nothing was applied yet: nothing to compare.
        return Chain(next_offset=claim.next_offset, last_digest=None)
    return Chain(next_offset=claim.next_offset, last_digest=claim.last_digest)


def truncated(*, position: int, end: int) -> StopPartition:
    """Return the stop of a partition whose log ends before what was applied."""
    return StopPartition(
        StopReason.TOPIC_TRUNCATED, f"offset {position} is next and the log ends at {end}"
    )


async def refuse_older_database(held: Claim, *, ports: Ports) -> None:
    """Stop when the group was told of more work than the database knows of.

    The group is told after the commit only, so a higher number there means that the database
    is an older copy: what it lost was published already. Unless the partition was claimed by
    somebody else since: a process that was paused after its claim sees what the next owner told.

    Raises:
        StopPartition: If so, unless an operator has agreed to do that work again.
        Fenced: If somebody else has claimed the partition since.
        BrokerUnavailable: If the broker does not answer.
        DatabaseUnavailable: If the database does not answer.
    """
    told = await ports.log.advised(held.partition)
    if told is None or told <= held.next_offset:
        return

    async def look(connection: Connection) -> int:
        # Asked after the group was: whoever claimed by then may be the one who told it.
        await ports.progress.hold(connection, held)
        return await ports.progress.excused(connection, held)

    excused = await ports.database.in_transaction(look)
    if told > excused:
        raise StopPartition(
            StopReason.DATABASE_RESTORED,
            f"offset {held.next_offset} is next here, but {told} was next when the group was "
            f"last told: the database lost {told - held.next_offset} offsets of work",
        )
