"""Writes schemas/http/*.openapi.json from the routes: `python -m tests.contract.documents`.

A test compares, so a route that changes is a visible diff in the same commit.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from fastapi import FastAPI

from services.kit.catalogue import KIT_CATALOGUE
from services.kit.clock import SystemClock
from services.kit.http.application import WebParts
from services.kit.http.health import Health
from services.kit.metrics import Metrics
from services.scoring.entrypoints import http as scoring_http
from tests.fakes.access_log_in_memory import MemoryAccessLog
from tests.fakes.alerts_http import application
from tests.fakes.alerts_in_memory import InMemoryAlerts
from tests.fakes.approvals_in_memory import no_approvals
from tests.fakes.ingest_in_memory import ingest_in_memory

ROOT = Path(__file__).resolve().parents[2]


class _Nobody:
    async def authenticate(self, _text: str) -> None:
        return None


def _alerts() -> FastAPI:
    return application(InMemoryAlerts(clock=SystemClock()))


def _scoring() -> FastAPI:
    # The description is made from the routes alone; nothing of the reading is used.
    nothing = cast(Any, None)
    return scoring_http.create_app(
        nothing,
        nothing,
        nothing,
        nothing,
        no_approvals(),
        isolated=nothing,
        resend=nothing,
        parts=parts(),
    )


def _ingest() -> FastAPI:
    return ingest_in_memory().app()


def parts() -> WebParts:
    """Return what an application needs when nobody will call it."""
    return WebParts(
        health=Health(SystemClock()),
        metrics=Metrics(KIT_CATALOGUE),
        authenticator=_Nobody(),
        access_log=MemoryAccessLog(),
        quarantine=cast(Any, object()),
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


def write() -> None:
    """Write the descriptions of all services."""
    for service in APPLICATIONS:
        openapi_path(service).write_text(openapi_document(service), encoding="utf-8")


if __name__ == "__main__":
    write()
