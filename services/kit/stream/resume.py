"""Checks, when a partition is claimed, that the topic and the database still belong together.

`Partition` calls this between the claim and the first record. Each refusal stops the partition; the
runbook lists for each what to check, and `tocsin offsets set` is how an operator goes on.
"""

from services.kit.database import Connection
from services.kit.stream.offset_sequence import OffsetSequence
from services.kit.stream.ports import Ports
from services.kit.stream.progress import Claim
from services.kit.stream.stop_reasons import StopPartition, StopReason


def continue_from(claim: Claim, *, first: int, end: int) -> OffsetSequence:
    """Returns the sequence that continues the claim, in a topic that holds offsets [first, end).

    Raises:
        StopPartition: If the topic does not hold the claim's next offset.
    """
    if claim.next_offset < first:
        raise StopPartition(
            StopReason.OFFSET_OUT_OF_RANGE,
            f"offset {claim.next_offset} is next and the topic begins at {first}: "
            f"{first - claim.next_offset} records are gone",
        )
    if claim.next_offset > end:
        raise truncated(next_offset=claim.next_offset, end=end)
    if claim.next_offset == first:
        # Retention deleted all that was applied, or nothing was applied yet: nothing to compare.
        return OffsetSequence(next_offset=claim.next_offset, last_digest=None)
    return OffsetSequence(next_offset=claim.next_offset, last_digest=claim.last_digest)


def truncated(*, next_offset: int, end: int) -> StopPartition:
    """Returns the stop of a partition whose topic ends before what was applied."""
    return StopPartition(
        StopReason.TOPIC_TRUNCATED, f"offset {next_offset} is next and the topic ends at {end}"
    )


async def refuse_older_database(claim: Claim, *, ports: Ports) -> None:
    """Stops the partition when the group has committed more work than the database contains.

    Offsets are committed to the group after the database commit only, so a higher offset in the
    group means that the database is an older copy, and that the work it lost was published. There
    is one other cause: a process that was paused after its claim sees the offset that the next
    owner has committed meanwhile. That one is fenced.

    Raises:
        StopPartition: If so, unless an operator has accepted that the work is done again.
        Fenced: If another process has claimed the partition since.
        BrokerUnavailable: If the broker does not answer.
        DatabaseUnavailable: If the database does not answer.
    """
    committed = await ports.reader.committed(claim.partition)
    if committed is None or committed <= claim.next_offset:
        return

    async def read(connection: Connection) -> int:
        # After the group's offset was read: an owner that committed it has claimed the row by now.
        await ports.progress.lock_row(connection, claim)
        return await ports.progress.accepted_replay(connection, claim)

    accepted = await ports.database.in_transaction(read)
    if committed > accepted:
        raise StopPartition(
            StopReason.DATABASE_RESTORED,
            f"offset {claim.next_offset} is next here, but the group has committed {committed}: "
            f"the database lost {committed - claim.next_offset} offsets of work",
        )
