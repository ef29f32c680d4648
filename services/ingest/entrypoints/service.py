"""Runs ingest: the HTTP server and the background tasks."""

import structlog

from services.ingest.entrypoints.http import create_app
from services.ingest.entrypoints.tasks import tasks_of
from services.ingest.settings import IngestSettings
from services.ingest.wiring import build
from services.kit import logs
from services.kit.http.server import ServerOptions, serve
from services.kit.settings import PlatformSettings, effective, refuse_unknown_variables

log = structlog.get_logger(__name__)


async def main(platform: PlatformSettings, settings: IngestSettings) -> int:
    """Runs the service until a signal arrives, and returns the exit status."""
    logs.configure(
        service="ingest",
        level=platform.log_level,
        hash_key=platform.log_hash_key.get_secret_value(),
    )
    refuse_unknown_variables(PlatformSettings, IngestSettings)
    log.info("starting", **effective(platform), **effective(settings))
    async with build(platform, settings) as ingest:
        return await serve(
            create_app(ingest, settings),
            ServerOptions(host=settings.host, port=settings.port),
            health=ingest.health,
            recorder=ingest.metrics,
            tasks=tasks_of(ingest, release_seconds=settings.release_interval_seconds),
        )
