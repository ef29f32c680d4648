"""The metrics of scoring, in addition to those of every service."""

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
    meaning="Records quarantined, by reason.",
)
FOLD_SECONDS = histogram(
    "tocsin_scoring_fold_seconds",
    unit="seconds",
    meaning="Time to fold a batch, without reading and writing.",
)
EVENT_TO_STATE_SECONDS = histogram(
    "tocsin_scoring_event_to_state_seconds",
    unit="seconds",
    meaning="From the production of a batch's oldest record to the commit of its state.",
)
SWEPT = counter(
    "tocsin_scoring_swept_total",
    unit="borrowers",
    meaning="Borrowers to whom a sweep brought a day close.",
)
LATEST_CLOSE = gauge(
    "tocsin_scoring_latest_close_seconds",
    unit="seconds",
    meaning="End of the latest business date that is closed in every partition of this process, "
    "as Unix time; 0 before the first close.",
)
ISOLATED = gauge(
    "tocsin_scoring_isolated_borrowers",
    unit="borrowers",
    meaning="Borrowers of this process that are isolated: their data break the fold.",
)
DATA_INCIDENTS = counter(
    "tocsin_scoring_data_incidents_total",
    unit="borrowers",
    meaning="Borrowers of whom a hard figure could not be formed any more for want of reference "
    "data, such as an exchange rate: rules go by a stricter figure.",
)
PD_PSI = gauge(
    "tocsin_scoring_pd_psi",
    unit="index",
    labels=("model", "version", "figure"),
    meaning=(
        "Population stability of a PD model's indicator, of the score or of the PD at the latest "
        "month close, against training; above 0.25 the population has shifted."
    ),
)
PD_COUNTED = gauge(
    "tocsin_scoring_pd_counted_borrowers",
    unit="borrowers",
    labels=("model", "version"),
    meaning="Borrowers behind the population stability of a PD model; 0 after it was detached.",
)

SCORING_CATALOGUE = (
    EVENTS,
    QUARANTINED,
    FOLD_SECONDS,
    EVENT_TO_STATE_SECONDS,
    SWEPT,
    LATEST_CLOSE,
    ISOLATED,
    DATA_INCIDENTS,
    PD_PSI,
    PD_COUNTED,
)
