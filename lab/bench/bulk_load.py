"""Loads many borrowers into the database without simulating each: copies states under other ids.

For the day close over a million borrowers and for the growth of cost with their number. A few
hundred borrowers are simulated and folded; their states are copied with another id, straight into
the table. The ledger gets a few small rows for each, so that its index has the right size, and
alerts gets each borrower's assessments so far, so that it expects the next sequence.
"""

from collections.abc import Iterator

import asyncpg

from lab.bench.environment import PARTITIONS
from lab.bench.feed import copied_key, partition_of
from lab.bench.stages import Pipeline
from services.scoring.adapters import state_bytes
from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import STATE_NAMES
from services.scoring.domain.primitives.vocabulary import SEGMENTS

COLUMNS = (
    "borrower_id",
    "partition",
    "closed_offset",
    "sequence",
    "risk_state",
    "score_micro",
    "segment",
    "officer_id",
    "branch_id",
    "state",
)
LEDGER = """
INSERT INTO scoring.ledger (borrower_id, source, event_id, partition, "offset", day, event)
SELECT borrower_id, 'core/earlier', 'E-' || number, partition, -number, date '2023-12-31', ''
  FROM scoring.borrower, generate_series(1, $1) AS number
"""
ASSESSMENTS_SEEN = """
INSERT INTO alerts.borrower (borrower_id, partition, sequence, at, as_of, state, state_since, score,
                             segment, officer_id, branch_id, told, last_message, green_since,
                             has_tasks, assessment)
SELECT borrower_id, partition, sequence, now(), date '2023-12-31', risk_state, date '2023-12-31',
       score_micro / 1e4, segment, officer_id, branch_id, '{}', 'null', '{}', false,
       '{}'
  FROM scoring.borrower WHERE sequence > 0
"""

Row = tuple[object, ...]


async def load_borrowers(
    database_url: str, pipeline: Pipeline, *, borrowers: int, ledger_rows: int
) -> int:
    """Fill the tables up to this number of borrowers; return how many there are."""
    originals = list(pipeline.borrowers.values())
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        await connection.copy_records_to_table(
            "borrower",
            schema_name="scoring",
            columns=COLUMNS,
            records=_rows(originals, borrowers),
            timeout=900,
        )
        await connection.execute(LEDGER, ledger_rows, timeout=900)
        await connection.execute(ASSESSMENTS_SEEN, timeout=900)
        await connection.execute("ANALYZE scoring.borrower", timeout=300)
        return int(await connection.fetchval("SELECT count(*) FROM scoring.borrower"))
    finally:
        await connection.close()


def _rows(originals: list[Borrower], count: int) -> Iterator[Row]:
    names = [borrower.borrower_id for borrower in originals]
    for number in range(count):
        copy, index = divmod(number, len(originals))
        borrower = originals[index]
        borrower.borrower_id = copied_key(names[index].encode(), copy).decode()
        yield (
            borrower.borrower_id,
            partition_of(borrower.borrower_id.encode(), PARTITIONS),
            -1,
            borrower.risk.sequence,
            STATE_NAMES[borrower.risk.state],
            borrower.risk.score,
            SEGMENTS[borrower.profile.segment],
            borrower.profile.officer_id,
            borrower.profile.branch_id,
            state_bytes.encode(borrower),
        )
    for borrower, name in zip(originals, names, strict=True):
        borrower.borrower_id = name
