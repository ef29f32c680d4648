"""The metrics of scoring, beside those that every service has."""

from services.kit.metrics import counter, gauge, histogram

EVENTS = counter(
    "tocsin_scoring_events_total",
    unit="events",
    labels=("type",),
    meaning="Events folded, by type.",
)
QUARANTINED = counter(
    "tocsin_scoring_quarantined_total",
    unit="records",
    labels=("reason",),
    meaning="Records set aside, by reason.",
)
FOLD_SECONDS = histogram(
    "tocsin_scoring_fold_seconds",
    unit="seconds",
    meaning="Time that folding a batch took, without reading and writing.",
)
EVENT_TO_STATE_SECONDS = histogram(
    "tocsin_scoring_event_to_state_seconds",
    unit="seconds",
    meaning="From the oldest record of a batch being produced to its state being durable.",
)
SWEPT = counter(
    "tocsin_scoring_swept_total",
    unit="borrowers",
    meaning="Borrowers that a sweep brought a day close.",
)
SWEEP_FAILURES = counter(
    "tocsin_scoring_sweep_failures_total",
    unit="borrowers",
    meaning="Borrowers whose day close failed; they are tried again with their next event.",
)
PD_PSI = gauge(
    "tocsin_scoring_pd_psi",
    unit="index",
    labels=("model", "version", "figure"),
    meaning=(
        "Population stability of a PD model's indicator, of the score or of the PD at the latest "
        "month close, against training: above 0.25 much has moved."
    ),
)
PD_COUNTED = gauge(
    "tocsin_scoring_pd_counted_borrowers",
    unit="borrowers",
    labels=("model", "version"),
    meaning="Borrowers on whom the population stability of a PD model rests; 0 once it has gone.",
)

SCORING_CATALOGUE = (
    EVENTS,
    QUARANTINED,
    FOLD_SECONDS,
    EVENT_TO_STATE_SECONDS,
    SWEPT,
    SWEEP_FAILURES,
    PD_PSI,
    PD_COUNTED,
)
