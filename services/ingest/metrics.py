"""The metrics of ingest, in addition to those of every service."""

from services.kit.metrics import counter, gauge, histogram

INPUTS = counter(
    "tocsin_ingest_inputs_total",
    unit="inputs",
    labels=("channel", "result"),
    meaning="Inputs settled, by channel and result: accepted, parked, quarantined, rejected.",
)
QUARANTINED = counter(
    "tocsin_ingest_quarantined_total",
    unit="inputs",
    labels=("channel", "reason"),
    meaning="Inputs that went to quarantine, by reason.",
)
QUARANTINE_ENTRIES = gauge(
    "tocsin_ingest_quarantine_entries",
    unit="inputs",
    labels=("status",),
    meaning="Inputs in quarantine that are open or parked now.",
)
RELEASED = counter(
    "tocsin_ingest_released_total",
    unit="inputs",
    labels=("how",),
    meaning="Quarantined inputs that were released: by a retry, by an approval, or because "
    "their account became known.",
)
TAKE_SECONDS = histogram(
    "tocsin_ingest_take_seconds",
    unit="seconds",
    labels=("channel",),
    meaning="Time from receiving a group of inputs to their last acknowledgement.",
)

INGEST_CATALOGUE = (INPUTS, QUARANTINED, QUARANTINE_ENTRIES, RELEASED, TAKE_SECONDS)
