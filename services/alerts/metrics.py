"""The metrics that only alerts has; `docs/reference/metrics.md` is compared with it by a test."""

from services.kit.metrics import counter, gauge, histogram

ASSESSMENTS = counter(
    "tocsin_alerts_assessments_total",
    unit="assessments",
    labels=("result",),
    meaning="Assessments read from the risk topic: applied, duplicate, gap (it waits) or ignored.",
)
BORROWERS_WAITING = gauge(
    "tocsin_alerts_waiting_borrowers",
    unit="borrowers",
    meaning="Borrowers whose assessments wait, because one before them is missing.",
)
ALERT_EVENTS = counter(
    "tocsin_alerts_events_total",
    unit="events",
    labels=("kind",),
    meaning="Recorded steps in the life-cycle of alerts, by kind.",
)
DECISIONS = counter(
    "tocsin_alerts_decisions_total",
    unit="decisions",
    labels=("code",),
    meaning="What the steps of the pipeline decided on assessments, by code.",
)
EVENT_TO_ALERT_SECONDS = histogram(
    "tocsin_alerts_event_to_alert_seconds",
    unit="seconds",
    meaning="Time from an assessment's arrival on the risk topic to its committed alert row.",
)
TIMERS_OVERDUE_SECONDS = gauge(
    "tocsin_alerts_timers_overdue_seconds",
    unit="seconds",
    meaning="For how long the oldest reminder or escalation has been due; 0 if none is.",
)
TIMERS_FAILED = counter(
    "tocsin_alerts_timers_failed_total",
    unit="alerts",
    meaning="Alerts whose due reminder or escalation could not be worked out; tried again.",
)
ALERTS_OPEN = gauge(
    "tocsin_alerts_open",
    unit="alerts",
    labels=("severity",),
    meaning="Alerts that are not resolved, by severity, at the last measurement.",
)
CASES_WITH_ONE_OWNER = gauge(
    "tocsin_alerts_default_cases_with_one_owner",
    unit="alerts",
    meaning="Open alerts of borrowers in default that lack the loan or the collection "
    "responsibility.",
)
DELIVERY_ATTEMPTS = counter(
    "tocsin_webhook_attempts_total",
    unit="attempts",
    labels=("result",),
    meaning="Attempts to deliver a message, by result.",
)
ATTEMPT_SECONDS = histogram(
    "tocsin_webhook_attempt_seconds",
    unit="seconds",
    meaning="Time of one attempt, from the name's resolution to the end of the answer.",
)
DELIVERY_SECONDS = histogram(
    "tocsin_webhook_delivery_seconds",
    unit="seconds",
    meaning="Time from the recorded alert step to its delivery, retries included.",
)
LEASES_LOST = counter(
    "tocsin_webhook_leases_lost_total",
    unit="deliveries",
    meaning="Attempts whose lease had expired before they were recorded; they may be repeated.",
)
DELIVERIES_PENDING = gauge(
    "tocsin_webhook_pending",
    unit="deliveries",
    meaning="Deliveries that wait for their first or next attempt, at the last measurement.",
)
OLDEST_DELIVERY_DUE = gauge(
    "tocsin_webhook_oldest_due_timestamp_seconds",
    unit="unix seconds",
    meaning="When the oldest delivery that could be sent now fell due; 0 if none is due.",
)
ENDPOINTS_DISABLED = counter(
    "tocsin_webhook_endpoints_disabled_total",
    unit="endpoints",
    labels=("reason",),
    meaning="Endpoints that the dispatcher disabled: gone, or failing for too long.",
)

ALERTS_CATALOGUE = (
    ASSESSMENTS,
    BORROWERS_WAITING,
    ALERT_EVENTS,
    DECISIONS,
    EVENT_TO_ALERT_SECONDS,
    TIMERS_OVERDUE_SECONDS,
    TIMERS_FAILED,
    ALERTS_OPEN,
    CASES_WITH_ONE_OWNER,
    DELIVERY_ATTEMPTS,
    ATTEMPT_SECONDS,
    DELIVERY_SECONDS,
    LEASES_LOST,
    DELIVERIES_PENDING,
    OLDEST_DELIVERY_DUE,
    ENDPOINTS_DISABLED,
)
