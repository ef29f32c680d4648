"""Very many borrowers in the database without playing their lives: states copied under other ids.

For the day close over a million borrowers and for the growth of cost with their number. A few
hundred borrowers are simulated and folded; their states are copied with another id, straight into
the table. The ledger gets a few thin rows for each, so that its index is as large as it would be,
and alerts has heard each borrower's assessments so far: to it the next one is the next one.
"""

from collections.abc import Iterator

import asyncpg

from lab.bench.feed import copied_key, partition_of
from lab.bench.ground import PARTITIONS
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
HEARD = """
INSERT INTO alerts.borrower (borrower_id, partition, sequence, at, as_of, state, state_since, score,
                             segment, officer_id, branch_id, told, assessment)
SELECT borrower_id, partition, sequence, now(), date '2023-12-31', risk_state, date '2023-12-31',
       score_micro / 1e4, segment, officer_id, branch_id, '{}', '{}'
  FROM scoring.borrower WHERE sequence > 0
"""

Row = tuple[object, ...]


async def settle(database_url: str, pipeline: Pipeline, *, borrowers: int, ledger_rows: int) -> int:
    """Fill the tables until there are so many borrowers; return how many there are."""
    people = list(pipeline.borrowers.values())
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        await connection.copy_records_to_table(
            "borrower",
            schema_name="scoring",
            columns=COLUMNS,
            records=_rows(people, borrowers),
            timeout=900,
        )
        await connection.execute(LEDGER, ledger_rows, timeout=900)
        await connection.execute(HEARD, timeout=900)
        await connection.execute("ANALYZE scoring.borrower", timeout=300)
        return int(await connection.fetchval("SELECT count(*) FROM scoring.borrower"))
    finally:
        await connection.close()


def _rows(people: list[Borrower], wanted: int) -> Iterator[Row]:
    names = [one.borrower_id for one in people]
    for number in range(wanted):
        copy, place = divmod(number, len(people))
        borrower = people[place]
        borrower.borrower_id = copied_key(names[place].encode(), copy).decode()
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
    for borrower, name in zip(people, names, strict=True):
        borrower.borrower_id = name
