"""Creates alerts and their history, webhooks and their deliveries, and the kit's stream tables."""

from services.alerts.adapters import directory_tables
from services.kit import audit
from services.kit.approvals import tables as approvals
from services.kit.http import access_log, idempotency
from services.kit.migrations import execute
from services.kit.stream import incidents, outbox, progress, quarantine

revision = "l0001"
down_revision = None
branch_labels = None
depends_on = None

ALERTS = """
CREATE TABLE alerts.borrower (
    borrower_id text PRIMARY KEY,
    partition   integer NOT NULL,
    sequence    bigint NOT NULL CHECK (sequence > 0),
    at          timestamptz NOT NULL,
    as_of       date NOT NULL,
    state       text NOT NULL,
    state_since date NOT NULL,
    score       double precision NOT NULL,
    segment     text,
    officer_id  text,
    branch_id   text,
    told        json NOT NULL,
    last_message json NOT NULL,
    green_since json NOT NULL,
    has_tasks   boolean NOT NULL,
    changed_on  date,
    assessment  json NOT NULL,
    exposure    numeric GENERATED ALWAYS AS ((assessment ->> 'exposure')::numeric) STORED,
    isolated_since timestamptz
) WITH (fillfactor = 70);
COMMENT ON COLUMN alerts.borrower.isolated_since IS
    'since when the risk state stands, because scoring cannot process its data';
CREATE INDEX borrower_of_officer ON alerts.borrower (officer_id);
CREATE INDEX borrower_of_branch ON alerts.borrower (branch_id);
CREATE INDEX borrower_with_tasks ON alerts.borrower (borrower_id) WHERE has_tasks;
COMMENT ON COLUMN alerts.borrower.has_tasks IS
    'whether its assessment names what waits for a person though it makes no alert';
COMMENT ON COLUMN alerts.borrower.changed_on IS
    'the last business date on which its state changed';
CREATE INDEX borrower_of_segment ON alerts.borrower (segment);
COMMENT ON COLUMN alerts.borrower.told IS 'what was announced in the present state spell';
COMMENT ON COLUMN alerts.borrower.green_since IS
    'since when each reason of the open alert is measured green; null: it is not';
COMMENT ON COLUMN alerts.borrower.last_message IS
    'the assessment of the last message sent, else of the last change of state';

CREATE TABLE alerts.waiting_assessment (
    borrower_id text NOT NULL,
    sequence    bigint NOT NULL,
    partition   integer NOT NULL,
    event       bytea NOT NULL,
    since       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (borrower_id, sequence)
);
COMMENT ON TABLE alerts.waiting_assessment IS
    'assessments that came after a missing one; applied in order when it comes';

CREATE TABLE alerts.due_notice (
    borrower_id text NOT NULL,
    kind        text NOT NULL,
    reference   text NOT NULL,
    due_on      date NOT NULL,
    as_of       date NOT NULL,
    at          timestamptz NOT NULL,
    texts       json NOT NULL,
    PRIMARY KEY (borrower_id, kind, reference, due_on)
);
COMMENT ON TABLE alerts.due_notice IS
    'maturities and inspections that fell due, each once; on the open alert, else in the digest';
CREATE INDEX due_notice_at ON alerts.due_notice (at);

CREATE TABLE alerts.score_point (
    borrower_id text NOT NULL,
    as_of       date NOT NULL,
    score       double precision NOT NULL,
    state       text NOT NULL,
    PRIMARY KEY (borrower_id, as_of)
);

CREATE TABLE alerts.alert (
    alert_id           text PRIMARY KEY,
    version            integer NOT NULL CHECK (version > 0),
    borrower_id        text NOT NULL,
    alert_type         text NOT NULL,
    severity           text NOT NULL,
    status             text NOT NULL,
    state              text NOT NULL,
    from_state         text,
    state_since        date NOT NULL,
    as_of              date NOT NULL,
    score              double precision NOT NULL,
    headline           text NOT NULL,
    owner_kind         text NOT NULL,
    owner_id           text NOT NULL CHECK (owner_id <> ''),
    owner_route        text NOT NULL,
    owner_substitute_for text,
    owner_because      text,
    second_owner_kind  text,
    second_owner_id    text,
    second_owner_route text,
    second_owner_substitute_for text,
    second_owner_because text,
    officer_id         text,
    segment            text,
    branch_id          text,
    factors            text[] NOT NULL,
    triggers           text[] NOT NULL,
    stages             text[] NOT NULL,
    is_digest          boolean NOT NULL,
    opened_at          timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    acknowledge_by     timestamptz NOT NULL,
    act_by             timestamptz NOT NULL,
    escalate_at        timestamptz NOT NULL,
    timer_round        integer NOT NULL CHECK (timer_round > 0),
    timer_began_at     timestamptz NOT NULL,
    timer_handled_until timestamptz NOT NULL,
    timer_level        integer NOT NULL,
    timer_snoozes      integer NOT NULL,
    timer_due_at       timestamptz,
    acknowledged_at    timestamptz,
    acknowledged_by    text,
    resolved_at        timestamptz,
    outcome_code       text,
    changed_version    integer NOT NULL,
    snooze_began_at    timestamptz,
    snooze_until       timestamptz,
    snooze_reason      text,
    snooze_by          text,
    links              json NOT NULL,
    ends_by_itself     boolean NOT NULL,
    is_ignored         boolean NOT NULL,
    reasons            json NOT NULL,
    actions            json NOT NULL CHECK (json_array_length(actions) > 0),
    texts              json NOT NULL,
    news               json NOT NULL,
    CHECK ((status = 'RESOLVED') = (outcome_code IS NOT NULL)),
    CHECK (status <> 'RESOLVED' OR timer_due_at IS NULL)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX one_open_alert_per_borrower ON alerts.alert (borrower_id)
    WHERE status <> 'RESOLVED';
CREATE INDEX alert_newest ON alerts.alert (updated_at DESC, alert_id DESC);
CREATE INDEX alert_of_owner ON alerts.alert (owner_id, updated_at DESC);
CREATE INDEX alert_of_second_owner ON alerts.alert (second_owner_id);
CREATE INDEX alert_timer ON alerts.alert (timer_due_at) WHERE timer_due_at IS NOT NULL;
CREATE INDEX alert_of_borrower ON alerts.alert (borrower_id, opened_at DESC);

CREATE TABLE alerts.command (
    command_id text NOT NULL,
    alert_id   text NOT NULL,
    person     text NOT NULL,
    at         timestamptz NOT NULL,
    kind       text NOT NULL,
    version    integer NOT NULL,
    before     json NOT NULL,
    PRIMARY KEY (command_id, alert_id)
);
COMMENT ON TABLE alerts.command IS
    'steps of people that may be undone for a minute, and how the alert was before';
CREATE INDEX command_at ON alerts.command (at);

CREATE TABLE alerts.decision (
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    borrower_id text NOT NULL,
    sequence    bigint,
    at          timestamptz NOT NULL,
    as_of       date NOT NULL,
    state       text NOT NULL,
    step        text NOT NULL,
    code        text NOT NULL,
    reason      text NOT NULL,
    rule_id     text,
    alert_id    text,
    signals     json NOT NULL,
    UNIQUE (borrower_id, sequence, step)
);
COMMENT ON TABLE alerts.decision IS
    'what each step decided about a borrower and why, also when nobody was notified';
COMMENT ON COLUMN alerts.decision.sequence IS
    'the assessment that was decided about; null: what fell due without one';
COMMENT ON COLUMN alerts.decision.rule_id IS 'the route, silence or storm that decided';
CREATE INDEX decision_of_borrower ON alerts.decision (borrower_id, decision_id);
CREATE INDEX decision_of_code ON alerts.decision (code, at DESC);

CREATE TABLE alerts.segment_day (
    segment       text NOT NULL,
    day           date NOT NULL,
    changed       integer NOT NULL,
    limit_changed integer,
    ends_on       date,
    PRIMARY KEY (segment, day)
) WITH (fillfactor = 70);
COMMENT ON TABLE alerts.segment_day IS
    'how many borrowers of a segment changed their state on a day; many are a storm';
COMMENT ON COLUMN alerts.segment_day.ends_on IS 'of a storm: when its notices are held no longer';
CREATE INDEX segment_day_of_storms ON alerts.segment_day (ends_on) WHERE ends_on IS NOT NULL;

CREATE TABLE alerts.silence (
    silence_id   text PRIMARY KEY,
    borrower_ids text[] NOT NULL,
    branch_ids   text[] NOT NULL,
    segments     text[] NOT NULL,
    severities   text[] NOT NULL CHECK (NOT 'HARD' = ANY (severities)),
    risk_types   text[] NOT NULL,
    indicators   text[] NOT NULL,
    reason       text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
    author       text NOT NULL CHECK (author <> ''),
    approved_by  text,
    begins_at    timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL CHECK (expires_at > begins_at),
    CONSTRAINT at_most_90_days CHECK (expires_at <= begins_at + interval '2160 hours'),
    CONSTRAINT long_ones_need_two_people
        CHECK (approved_by IS NOT NULL OR expires_at <= begins_at + interval '720 hours'),
    CONSTRAINT approver_is_not_the_author CHECK (lower(approved_by) <> lower(author))
);
COMMENT ON TABLE alerts.silence IS 'which notices are held back, why and until when; append-only';
CREATE INDEX silence_in_force ON alerts.silence (expires_at);
CREATE TABLE alerts.silence_end (
    silence_id text PRIMARY KEY REFERENCES alerts.silence,
    ended_at   timestamptz NOT NULL,
    ended_by   text NOT NULL CHECK (ended_by <> ''),
    reason     text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000)
);
COMMENT ON TABLE alerts.silence_end IS 'silences that a person ended before their expiry';

CREATE TABLE alerts.feed (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    last_id  bigint NOT NULL
);
INSERT INTO alerts.feed (last_id) VALUES (0);
COMMENT ON TABLE alerts.feed IS
    'the last place given in the feed; locked until commit, so places never appear out of order';

CREATE TABLE alerts.alert_event (
    feed_id       bigint PRIMARY KEY,
    event_id      text NOT NULL UNIQUE,
    kind          text NOT NULL,
    alert_id      text NOT NULL,
    borrower_id   text NOT NULL,
    version       integer NOT NULL,
    at            timestamptz NOT NULL,
    actor         text NOT NULL,
    why           text NOT NULL,
    owner_id      text NOT NULL,
    officer_id    text,
    document      json NOT NULL,
    recorded_at   timestamptz NOT NULL,
    UNIQUE (alert_id, version)
);
"""
WEBHOOKS = """
CREATE TABLE alerts.webhook_endpoint (
    endpoint_id           text PRIMARY KEY,
    version               integer NOT NULL DEFAULT 1,
    url                   text NOT NULL,
    description           text NOT NULL,
    format                text NOT NULL,
    language              text NOT NULL,
    event_types           text[] NOT NULL,
    minimum_severity      text NOT NULL,
    minimum_rank          integer NOT NULL,
    branch_ids            text[] NOT NULL,
    segments              text[] NOT NULL,
    officer_ids           text[] NOT NULL,
    is_ordered            boolean NOT NULL,
    owner_id              text,
    notice_endpoint_id    text REFERENCES alerts.webhook_endpoint,
    max_per_minute        integer CHECK (max_per_minute > 0),
    max_concurrent        integer CHECK (max_concurrent > 0),
    paced_until           timestamptz NOT NULL DEFAULT '-infinity',
    is_enabled            boolean NOT NULL DEFAULT true,
    disabled_reason       text,
    failing_since         timestamptz,
    failures              integer NOT NULL DEFAULT 0,
    created_at            timestamptz NOT NULL,
    created_by            text NOT NULL,
    secret                bytea NOT NULL,
    old_secret            bytea,
    old_secret_expires_at timestamptz
);
COMMENT ON COLUMN alerts.webhook_endpoint.failures IS
    'attempts that failed since the last success, counted up to the number that disables';
COMMENT ON COLUMN alerts.webhook_endpoint.paced_until IS
    'where there is a rate: the end of the time that the messages so far take up at that rate';
COMMENT ON COLUMN alerts.webhook_endpoint.secret IS 'sealed with AES-GCM; the key is a setting';

CREATE TABLE alerts.webhook_delivery (
    delivery_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    feed_id          bigint,
    endpoint_id      text NOT NULL REFERENCES alerts.webhook_endpoint,
    recipient_id     text,
    borrower_id      text,
    alert_id         text,
    event_id         text NOT NULL,
    kind             text NOT NULL,
    document         json,
    status           text NOT NULL DEFAULT 'PENDING'
                     CHECK (status IN ('PENDING', 'DELIVERED', 'EXHAUSTED')),
    attempts         integer NOT NULL DEFAULT 0,
    first_attempt_at timestamptz,
    due_at           timestamptz NOT NULL,
    lease_token      text,
    created_at       timestamptz NOT NULL,
    finished_at      timestamptz,
    last_result      text,
    UNIQUE NULLS NOT DISTINCT (endpoint_id, event_id, recipient_id),
    CHECK ((feed_id IS NULL) = (document IS NOT NULL))
) WITH (fillfactor = 70);
COMMENT ON COLUMN alerts.webhook_delivery.recipient_id IS
    'the person of the directory to whose mailbox it goes; null: the target of the endpoint';
COMMENT ON COLUMN alerts.webhook_delivery.document IS
    'of a message that is no step of an alert: a digest, a notice about an endpoint';
COMMENT ON COLUMN alerts.webhook_delivery.due_at IS
    'when it may be taken next; while it is leased, when the lease ends';
CREATE INDEX webhook_delivery_due ON alerts.webhook_delivery (endpoint_id, due_at)
    WHERE status = 'PENDING';
CREATE INDEX webhook_delivery_order ON alerts.webhook_delivery
    (endpoint_id, borrower_id, feed_id) WHERE status = 'PENDING';
CREATE INDEX webhook_delivery_leased ON alerts.webhook_delivery (endpoint_id)
    WHERE lease_token IS NOT NULL;
CREATE INDEX webhook_delivery_of_endpoint ON alerts.webhook_delivery (endpoint_id, delivery_id);
CREATE INDEX webhook_delivery_of_alert ON alerts.webhook_delivery (alert_id, endpoint_id);

CREATE TABLE alerts.delivery_attempt (
    attempt_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id bigint NOT NULL REFERENCES alerts.webhook_delivery,
    attempt     integer NOT NULL,
    at          timestamptz NOT NULL,
    duration_ms integer NOT NULL,
    result      text NOT NULL,
    status_code integer,
    error       text,
    response    text NOT NULL CHECK (length(response) <= 16384)
);
CREATE INDEX delivery_attempt_of ON alerts.delivery_attempt (delivery_id);
"""
SESSIONS = """
CREATE TABLE alerts.page_session (
    token_sha256 bytea PRIMARY KEY CHECK (length(token_sha256) = 32),
    key_id       text NOT NULL,
    began_at     timestamptz NOT NULL,
    ends_at      timestamptz NOT NULL
);
COMMENT ON TABLE alerts.page_session IS 'who is logged in with a browser; logging out removes it';
"""
RIGHTS = "REVOKE UPDATE, DELETE, TRUNCATE ON alerts.alert_event FROM tocsin_alerts"


def upgrade() -> None:
    """Creates the tables; the service adds to the history and reads it, and nothing else."""
    execute(audit.TABLES.format(schema="alerts"))
    execute(ALERTS)
    execute(audit.audited("alerts", "alert_event"))
    execute(audit.audited("alerts", "silence"))
    execute(audit.audited("alerts", "silence_end"))
    execute(WEBHOOKS)
    execute(SESSIONS)
    execute(directory_tables.TABLES)
    for table in directory_tables.AUDITED:
        execute(audit.audited("alerts", table))
    execute(audit.append_only("alerts", "decision"))
    execute(audit.append_only("alerts", "due_notice"))
    execute(audit.append_only("alerts", "delivery_attempt"))
    for tables in (
        progress.TABLES,
        incidents.TABLES,
        outbox.TABLES,
        quarantine.TABLES,
        idempotency.TABLES,
        access_log.TABLES,
    ):
        execute(tables.format(schema="alerts"))
    execute(approvals.TABLES.format(schema="alerts"))
    execute(RIGHTS)
    execute(approvals.RIGHTS.format(schema="alerts", role="tocsin_alerts"))
    execute(audit.RIGHTS.format(schema="alerts", role="tocsin_alerts"))
    execute(incidents.RIGHTS.format(schema="alerts", role="tocsin_alerts"))
