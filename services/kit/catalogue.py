"""The metrics of every service: HTTP, the process, the consumer and the outbox.

Names are stable: dashboards, alert rules and runs against a live system depend on them.
"""

from services.kit.metrics import (
    FEW_SECONDS_BUCKETS,
    FEW_SIZE_BUCKETS,
    counter,
    gauge,
    histogram,
)

HTTP_REQUESTS = counter(
    "tocsin_http_requests_total",
    unit="requests",
    labels=("route", "status"),
    meaning="HTTP requests by route template and class of status: 2xx to 5xx, or aborted.",
)
HTTP_SECONDS = histogram(
    "tocsin_http_request_seconds",
    unit="seconds",
    labels=("api",),
    buckets=FEW_SECONDS_BUCKETS,
    meaning="Time from the request's first byte to the response's last, by part of the API.",
)
LOOP_LAG_SECONDS = gauge(
    "tocsin_event_loop_lag_seconds",
    unit="seconds",
    meaning="How late the event loop woke its last timer.",
)
READY = gauge(
    "tocsin_ready",
    unit="0 or 1",
    meaning="1 while the process answers /readyz with 200.",
)
BUILD = gauge(
    "tocsin_build_info",
    unit="1",
    labels=("service", "version"),
    meaning="Always 1; its labels name the service and the version that runs.",
)
BACKGROUND_FAILURES = counter(
    "tocsin_background_failures_total",
    unit="failures",
    labels=("task",),
    meaning="Background tasks that ended with an error; the process stops after one.",
)

RECORDS = counter(
    "tocsin_records_total",
    unit="records",
    labels=("topic", "result"),
    meaning="Records read from Kafka, by result: applied, duplicate or quarantined.",
)
LAG_RECORDS = gauge(
    "tocsin_consumer_lag_records",
    unit="records",
    labels=("topic", "partition"),
    meaning="Records on the broker that this partition's owner has not committed yet.",
)
BATCH_RECORDS = histogram(
    "tocsin_batch_records",
    unit="records",
    buckets=FEW_SIZE_BUCKETS,
    meaning="Records in one fenced transaction.",
)
BATCH_SECONDS = histogram(
    "tocsin_batch_seconds",
    unit="seconds",
    labels=("topic",),
    buckets=FEW_SECONDS_BUCKETS,
    meaning="Time of one fenced transaction, from its begin to its commit.",
)
COMMITS = counter(
    "tocsin_commits_total",
    unit="transactions",
    labels=("topic", "result"),
    meaning="Fenced transactions by result: committed, fenced or retried.",
)
PARTITIONS_ASSIGNED = gauge(
    "tocsin_partitions_assigned",
    unit="partitions",
    labels=("topic",),
    meaning="Partitions that the group has assigned to this process.",
)
PARTITION_STOPPED = gauge(
    "tocsin_partition_stopped",
    unit="0 or 1",
    labels=("topic", "partition", "reason"),
    meaning="1 while a partition is stopped: a hole, a recreated topic, too much poison.",
)
REBALANCES = counter(
    "tocsin_rebalances_total",
    unit="rebalances",
    labels=("topic",),
    meaning="Assignments of partitions to this process by the group.",
)
OUTBOX_PENDING = gauge(
    "tocsin_outbox_pending_records",
    unit="records",
    labels=("topic",),
    meaning="Rows of the outbox that the broker has not acknowledged yet.",
)
OUTBOX_OLDEST = gauge(
    "tocsin_outbox_oldest_pending_timestamp_seconds",
    unit="unix seconds",
    labels=("topic",),
    meaning="When the oldest unacknowledged outbox row was written; 0 when none is left.",
)
OUTBOX_RELAYED = counter(
    "tocsin_outbox_relayed_total",
    unit="records",
    labels=("topic",),
    meaning="Outbox rows that the broker acknowledged.",
)
PRODUCED = counter(
    "tocsin_produced_total",
    unit="records",
    labels=("topic", "result"),
    meaning="Records sent to the broker, by result: acknowledged, refused or timed out.",
)

KIT_CATALOGUE = (
    HTTP_REQUESTS,
    HTTP_SECONDS,
    LOOP_LAG_SECONDS,
    READY,
    BUILD,
    BACKGROUND_FAILURES,
    RECORDS,
    LAG_RECORDS,
    BATCH_RECORDS,
    BATCH_SECONDS,
    COMMITS,
    PARTITIONS_ASSIGNED,
    PARTITION_STOPPED,
    REBALANCES,
    OUTBOX_PENDING,
    OUTBOX_OLDEST,
    OUTBOX_RELAYED,
    PRODUCED,
)
