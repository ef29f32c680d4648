"""The census of PD models in PostgreSQL: counts of a month close add up over its batches."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from services.kit.database import Connection
from services.scoring.domain.portfolio.drift import Count

ADD: Final = """
INSERT INTO scoring.pd_census AS held (partition, as_of, model, version, figure, expected, counts)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (as_of, model, version, figure, partition) DO UPDATE
   SET counts = ARRAY(
         SELECT coalesce(one.before, 0) + coalesce(one.added, 0)
           FROM unnest(held.counts, excluded.counts) WITH ORDINALITY AS one (before, added, place)
          ORDER BY one.place)
"""
LATEST: Final = """
SELECT as_of, model, version, figure, min(expected) AS expected,
       array_agg(total ORDER BY place) AS counts
  FROM (SELECT as_of, model, version, figure, min(expected) AS expected, place,
               sum(count)::bigint AS total
          FROM scoring.pd_census, unnest(counts) WITH ORDINALITY AS bin (count, place)
         WHERE as_of = (SELECT max(as_of) FROM scoring.pd_census)
           AND NOT EXISTS (
                 SELECT FROM scoring.control
                  WHERE closed_date > date_trunc('month', as_of) + interval '2 months -1 day')
         GROUP BY as_of, model, version, figure, place) AS summed
 GROUP BY as_of, model, version, figure ORDER BY model, version, figure
"""


class PostgresCensus:
    """Implements `Census`."""

    async def add(self, connection: Connection, partition: int, counts: Sequence[Count]) -> None:
        """Add to what was counted on a partition."""
        for one in counts:
            await connection.execute(
                ADD,
                partition,
                date.fromordinal(one.as_of),
                one.model,
                one.version,
                one.figure,
                one.expected,
                one.counts,
            )

    async def latest(self, connection: Connection) -> list[Count]:
        """Return the counts of the latest month close over all partitions.

        None once the close of a whole month has gone by since: no model was in force at it.
        """
        return [
            Count(
                row["as_of"].toordinal(),
                row["model"],
                row["version"],
                row["figure"],
                list(row["expected"]),
                list(row["counts"]),
            )
            for row in await connection.fetch(LATEST)
        ]
