"""Why a partition is stopped, and what an operator decided about its position: two tables.

`partition_stop` contains the reason that a partition's owner gave when it stopped. The row counts
only while its epoch is the partition's, so the next claim makes it history without touching it. A
row that stops the topic counts longer for the other partitions: until the partition's log was
compared under a later claim, or an operator has set its offset.
`offset_change` is the audit of every position that a person set, append-only and in a hash chain.
`tocsin offsets` (services/cli/offsets) writes it; the consumer reads only up to which offset
an operator accepted that work is done again.
"""

from services.kit import audit

TABLES = """
CREATE TABLE {schema}.partition_stop (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    epoch bigint NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    stops_topic boolean NOT NULL DEFAULT false,
    stopped_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, topic, partition)
);
CREATE TABLE {schema}.offset_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('position', 'partition_count')),
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text NOT NULL CHECK (changed_by <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    from_offset bigint NOT NULL,
    to_offset bigint NOT NULL,
    generation integer NOT NULL,
    from_count integer NOT NULL,
    to_count integer NOT NULL,
    log_start bigint NOT NULL,
    log_end bigint NOT NULL,
    excused_offset bigint NOT NULL,
    fenced_owner text NOT NULL
);
CREATE INDEX offset_change_of ON {schema}.offset_change (consumer, topic, partition, change_id);
""" + audit.audited("{schema}", "offset_change")
# A service reads what operators decided about positions; it decides nothing itself.
RIGHTS = "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON {schema}.offset_change FROM {role}"

RECORD_STOP = """
INSERT INTO {schema}.partition_stop
    (consumer, topic, partition, epoch, reason, detail, stops_topic)
SELECT $1, $2, $3, $4, $5, $6, $7 WHERE EXISTS (
    SELECT FROM {schema}.partition_progress
     WHERE consumer = $1 AND topic = $2 AND partition = $3 AND epoch = $4)
ON CONFLICT (consumer, topic, partition) DO UPDATE
    SET epoch = excluded.epoch, reason = excluded.reason, detail = excluded.detail,
        stops_topic = excluded.stops_topic, stopped_at = now()
"""
# From any partition but the third parameter.
TOPIC_STOPS = """
FROM {schema}.partition_stop AS other
WHERE other.consumer = $1 AND other.topic = $2 AND other.partition <> $3 AND other.stops_topic
"""
LIFT_STOP = """
DELETE FROM {schema}.partition_stop
 WHERE consumer = $1 AND topic = $2 AND partition = $3 AND epoch < $4
"""
ACCEPTED_REPLAY = """
SELECT coalesce(max(excused_offset), 0) FROM {schema}.offset_change
 WHERE consumer = $1 AND topic = $2 AND partition = $3
"""
