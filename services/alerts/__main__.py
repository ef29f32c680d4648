"""Starts alerts: settings, wiring, run."""

import structlog
from fastapi import FastAPI

from services.alerts.entrypoints.http import create_app
from services.alerts.entrypoints.pages.routes import Presentation
from services.alerts.settings import AlertsFaultSettings, AlertsSettings
from services.alerts.wiring import Alerts, build
from services.kit import logs
from services.kit.http.server import ServerOptions, run, serve
from services.kit.settings import PlatformSettings, effective, refuse_unknown_variables

log = structlog.get_logger(__name__)


def application(alerts: Alerts, platform: PlatformSettings, settings: AlertsSettings) -> FastAPI:
    """Returns the HTTP application of the built service."""
    return create_app(
        alerts.use_cases,
        parts=alerts.web_parts,
        clock=alerts.clock,
        presentation=Presentation(
            timezone=platform.bank_timezone,
            secure_cookies=settings.secure_cookies,
            shows_log_time=settings.shows_log_time,
        ),
    )


async def main() -> int:
    """Runs the service until it is stopped; returns the exit status."""
    platform = PlatformSettings()
    settings = AlertsSettings()
    logs.configure(
        service="alerts",
        level=platform.log_level,
        hash_key=platform.log_hash_key.get_secret_value(),
    )
    refuse_unknown_variables(PlatformSettings, AlertsSettings, AlertsFaultSettings)
    log.info("alerts.starting", platform=effective(platform), settings=effective(settings))
    async with build(platform, settings) as alerts:
        return await serve(
            application(alerts, platform, settings),
            ServerOptions(host=settings.host, port=settings.port),
            health=alerts.web_parts.health,
            recorder=alerts.web_parts.metrics,
            tasks={
                "consumer": alerts.consume,
                "dispatcher": alerts.dispatcher.run,
                "timers": alerts.timers.run,
                "digests": alerts.digests.run,
                "duties": alerts.duties.run,
                "open alerts": alerts.count_open,
                "outbox age": alerts.measure_outbox,
            },
        )


if __name__ == "__main__":
    run(main)
