"""Documents that are made from the code: docs/reference/metrics.md and schemas/http/*.openapi.json.

`python -m tests.contract.documents` writes them; the tests compare, so a metric or a route
that changes is a visible diff in the same commit.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI

from services.alerts.metrics import ALERTS_CATALOGUE
from services.ingest.metrics import INGEST_CATALOGUE
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.clock import SystemClock
from services.kit.health import Health
from services.kit.metrics import Metric, Metrics
from services.kit.web import WebParts
from services.scoring.entrypoints import http as scoring_http
from services.scoring.metrics import SCORING_CATALOGUE
from tests.fakes.alerts_http import application
from tests.fakes.alerts_in_memory import InMemoryAlerts
from tests.fakes.ingest_in_memory import ingest_in_memory

ROOT = Path(__file__).resolve().parents[2]
METRICS_DOCUMENT = ROOT / "docs" / "reference" / "metrics.md"
CATALOGUES: dict[str, tuple[Metric, ...]] = {
    "Every service": KIT_CATALOGUE,
    "ingest": INGEST_CATALOGUE,
    "scoring": SCORING_CATALOGUE,
    "alerts": ALERTS_CATALOGUE,
}
_INTRODUCTION = """# Metrics

Every service answers `/metrics` without a key, in the Prometheus text format. The names are
stable: dashboards (`deploy/grafana`), alert rules (`deploy/prometheus`) and runs against a live
system rely on them. This page is made from the catalogues in the code
(`python -m tests.contract.documents`) and compared with them by a test.

No label names a borrower, an officer, an event or a URL. Ages are given as timestamps: subtract
them from `time()`, so that a process that stopped measuring shows as old, not as fresh.
Beside these, the usual `process_*` and `python_info` of the client library are there.
"""


class _Nobody:
    async def authenticate(self, _text: str) -> None:
        return None


def _alerts() -> FastAPI:
    return application(InMemoryAlerts(clock=SystemClock()))


def _scoring() -> FastAPI:
    # The description is made from the routes alone; nothing of the reading is used.
    nothing = cast(Any, None)
    return scoring_http.create_app(nothing, nothing, nothing, nothing, parts=parts())


def _ingest() -> FastAPI:
    return ingest_in_memory().app()


def parts() -> WebParts:
    """Return what an application needs when nobody will call it."""
    return WebParts(
        health=Health(SystemClock()), metrics=Metrics(KIT_CATALOGUE), authenticator=_Nobody()
    )


APPLICATIONS: dict[str, Callable[[], FastAPI]] = {
    "alerts": _alerts,
    "ingest": _ingest,
    "scoring": _scoring,
}


def openapi_path(service: str) -> Path:
    """Return where a service's description is kept."""
    return ROOT / "schemas" / "http" / f"{service}.openapi.json"


def openapi_document(service: str) -> str:
    """Return a service's OpenAPI description."""
    return json.dumps(APPLICATIONS[service]().openapi(), indent=2, ensure_ascii=False) + "\n"


def metrics_document() -> str:
    """Return docs/reference/metrics.md."""
    sections = [_section(title, catalogue) for title, catalogue in CATALOGUES.items()]
    return "\n".join([_INTRODUCTION, *sections])


def _section(title: str, catalogue: Iterable[Metric]) -> str:
    lines = [
        f"## {title}",
        "",
        "| metric | type | unit | labels | meaning |",
        "|---|---|---|---|---|",
    ]
    for metric in catalogue:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(
            f"| `{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {metric.meaning} |"
        )
    return "\n".join([*lines, ""])


def write() -> None:
    """Write all documents."""
    METRICS_DOCUMENT.write_text(metrics_document(), encoding="utf-8")
    for service in APPLICATIONS:
        openapi_path(service).write_text(openapi_document(service), encoding="utf-8")


if __name__ == "__main__":
    write()
