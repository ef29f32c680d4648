"""The census of PD models in PostgreSQL: counts of a month close add up over its batches."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from services.kit.database import Connection
from services.scoring.domain.portfolio.drift import BinCount

ADD: Final = """
INSERT INTO scoring.pd_census AS stored (partition, as_of, model, version, figure, expected, counts)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (as_of, model, version, figure, partition) DO UPDATE
   SET counts = ARRAY(
         SELECT coalesce(bin.before, 0) + coalesce(bin.added, 0)
           FROM unnest(stored.counts, excluded.counts)
                WITH ORDINALITY AS bin (before, added, number)
          ORDER BY bin.number)
"""
LATEST: Final = """
SELECT as_of, model, version, figure, min(expected) AS expected,
       array_agg(total ORDER BY number) AS counts
  FROM (SELECT as_of, model, version, figure, min(expected) AS expected, number,
               sum(count)::bigint AS total
          FROM scoring.pd_census, unnest(counts) WITH ORDINALITY AS bin (count, number)
         WHERE as_of = (SELECT max(as_of) FROM scoring.pd_census)
           AND NOT EXISTS (
                 SELECT FROM scoring.day_close
                  WHERE closed_date > date_trunc('month', as_of) + interval '2 months -1 day')
         GROUP BY as_of, model, version, figure, number) AS summed
 GROUP BY as_of, model, version, figure ORDER BY model, version, figure
"""


class PostgresCensus:
    """Implements `Census`."""

    async def add(self, connection: Connection, partition: int, counts: Sequence[BinCount]) -> None:
        for count in counts:
            await connection.execute(
                ADD,
                partition,
                date.fromordinal(count.as_of),
                count.model,
                count.version,
                count.figure,
                count.expected,
                count.counts,
            )

    async def latest(self, connection: Connection) -> list[BinCount]:
        return [
            BinCount(
                row["as_of"].toordinal(),
                row["model"],
                row["version"],
                row["figure"],
                list(row["expected"]),
                list(row["counts"]),
            )
            for row in await connection.fetch(LATEST)
        ]
