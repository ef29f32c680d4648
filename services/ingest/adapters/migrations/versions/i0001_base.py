"""Creates the quarantine, what is stored about accounts, and the control events that were taken.

The kit's tables of a consumer come with them.
"""

from services.kit import audit
from services.kit.approvals import tables as approvals
from services.kit.migrations import execute
from services.kit.stream import incidents, progress

revision = "i0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
-- The source that first named an account owns it. Its borrower is unknown until the source's event
-- is on the topic; of the owner's events the newest counts, by its own time.
CREATE TABLE ingest.account (
    account_id  text PRIMARY KEY CHECK (length(account_id) BETWEEN 1 AND 128),
    source      text NOT NULL,
    borrower_id text CHECK (length(borrower_id) BETWEEN 1 AND 128),
    event_time  timestamptz,
    event_id    text COLLATE "C",
    CHECK ((borrower_id IS NULL) = (event_time IS NULL)),
    CHECK ((borrower_id IS NULL) = (event_id IS NULL))
);
-- The first borrower of each event that named only an account; the digest is of all else.
CREATE TABLE ingest.event_identity (
    source      text COLLATE "C" NOT NULL,
    event_id    text COLLATE "C" NOT NULL,
    borrower_id text NOT NULL,
    digest      bytea NOT NULL CHECK (length(digest) = 16),
    PRIMARY KEY (source, event_id)
);
CREATE TABLE ingest.day_close (
    closed_date date NOT NULL,
    source      text COLLATE "C" NOT NULL,
    event_id    text COLLATE "C" NOT NULL,
    taken_at    timestamptz NOT NULL,
    withdrawn_at timestamptz,
    PRIMARY KEY (source, event_id)
);
CREATE INDEX day_close_date ON ingest.day_close (closed_date);
CREATE TABLE ingest.history_load (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sources   text[] NOT NULL CHECK (cardinality(sources) BETWEEN 1 AND 100),
    reason    text NOT NULL CHECK (length(reason) > 0),
    opened_by text NOT NULL,
    opened_at timestamptz NOT NULL,
    closed_by text,
    closed_at timestamptz,
    CHECK ((closed_by IS NULL) = (closed_at IS NULL))
);
CREATE INDEX history_load_open ON ingest.history_load (id) WHERE closed_at IS NULL;
CREATE TABLE ingest.exchange_rate (
    base_currency text COLLATE "C" NOT NULL,
    currency      text COLLATE "C" NOT NULL,
    rate_date     date NOT NULL,
    rate          numeric NOT NULL,
    PRIMARY KEY (base_currency, currency, rate_date)
);
CREATE TABLE ingest.quarantine (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    status         text NOT NULL
                   CHECK (status IN ('open', 'parked', 'released', 'discarded')),
    reason         text NOT NULL,
    pointer        text NOT NULL,
    detail         text NOT NULL,
    channel        text NOT NULL CHECK (channel IN ('kafka', 'http')),
    raw            bytea NOT NULL,
    digest         bytea NOT NULL CHECK (length(digest) = 32),
    headers        jsonb NOT NULL,
    content_type   text NOT NULL,
    topic          text,
    partition      integer,
    record_offset  bigint,
    sender         text,
    sender_sources text[] NOT NULL DEFAULT '{}',
    sender_types   text[] NOT NULL DEFAULT '{}',
    source         text,
    event_id       text,
    event_type     text,
    account_id     text,
    times_seen     integer NOT NULL DEFAULT 1 CHECK (times_seen > 0),
    attempts       integer NOT NULL DEFAULT 0,
    received_at    timestamptz NOT NULL,
    settled_at     timestamptz,
    settled_by     text,
    note           text,
    -- When an input that came ahead of its time is tried again.
    retry_at       timestamptz,
    CHECK ((channel = 'kafka') = (topic IS NOT NULL AND record_offset IS NOT NULL)),
    CHECK ((status = 'parked') <= (account_id IS NOT NULL)),
    CHECK ((status IN ('released', 'discarded')) = (settled_at IS NOT NULL)),
    CHECK ((status = 'discarded') <= (length(note) > 0))
);
-- A record that is read again is the same input; its digest tells a recreated topic from the old.
CREATE UNIQUE INDEX quarantine_record ON ingest.quarantine
    (topic, partition, record_offset, digest) WHERE channel = 'kafka';
-- A request that is sent again counts up and fills no second row.
CREATE UNIQUE INDEX quarantine_request ON ingest.quarantine (sender, digest)
    WHERE channel = 'http' AND status IN ('open', 'parked');
CREATE INDEX quarantine_retry ON ingest.quarantine (retry_at, id)
    WHERE status = 'open' AND retry_at IS NOT NULL;
CREATE INDEX quarantine_status ON ingest.quarantine (status, id);
CREATE INDEX quarantine_owner ON ingest.quarantine ((coalesce(topic, sender)))
    WHERE status IN ('open', 'parked');
CREATE INDEX quarantine_parked ON ingest.quarantine (account_id, id) WHERE status = 'parked';
"""
# What was received is never changed; what people and retries make of it is.
RECEIVED = (
    *("id", "channel", "raw", "digest", "headers", "content_type", "topic", "partition"),
    *("record_offset", "sender", "sender_sources", "received_at"),
)


def upgrade() -> None:
    """Creates the tables; the service may only read what operators decided about positions."""
    execute(audit.TABLES.format(schema="ingest"))
    execute(TABLES)
    execute(audit.append_only("ingest", "quarantine", columns=RECEIVED))
    for tables in (progress.TABLES, incidents.TABLES, approvals.TABLES):
        execute(tables.format(schema="ingest"))
    for rights in (audit.RIGHTS, incidents.RIGHTS, approvals.RIGHTS):
        execute(rights.format(schema="ingest", role="tocsin_ingest"))
