"""Writes docs/reference/metrics.md from the catalogues of metrics."""

from typing import Final

from services.alerts.metrics import ALERTS_CATALOGUE
from services.ingest.metrics import INGEST_CATALOGUE
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.metrics import Metric
from services.scoring.metrics import SCORING_CATALOGUE
from tests.reference.tables import table

CATALOGUES: Final[dict[str, tuple[Metric, ...]]] = {
    "Every service": KIT_CATALOGUE,
    "ingest": INGEST_CATALOGUE,
    "scoring": SCORING_CATALOGUE,
    "alerts": ALERTS_CATALOGUE,
}
INTRODUCTION: Final = """# Metrics

Every service answers `/metrics` without a key, in the Prometheus text format. The names are stable:
dashboards (`deploy/grafana`) and alert rules (`deploy/prometheus`) rely on them.

No label names a borrower, an officer, an event or a URL. Ages are given as timestamps: subtract
them from `time()`, so that a process that has stopped measuring shows as old and not as fresh. The
client library adds the usual `process_*` and `python_info`.

This page is made by `python -m tests.reference` from the code and compared with it by a test.
"""


def page() -> str:
    """Return docs/reference/metrics.md."""
    parts = [INTRODUCTION]
    for title, catalogue in CATALOGUES.items():
        parts.append(f"## {title}\n")
        columns = ("metric", "type", "unit", "labels", "meaning")
        parts.append(table(columns, [_row(metric) for metric in catalogue]) + "\n")
    return "\n".join(parts)


def _row(metric: Metric) -> tuple[str, str, str, str, str]:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"`{metric.name}`", metric.kind, metric.unit, labels, metric.meaning
