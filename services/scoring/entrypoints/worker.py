"""The scoring worker: consumes the events topic, relays its outbox, answers HTTP."""

import structlog
from fastapi import FastAPI

from services.kit import logs
from services.kit.clock import SystemClock
from services.kit.database import PostgresDatabase
from services.kit.http.server import ServerOptions, serve
from services.kit.settings import PlatformSettings, effective, refuse_unknown_variables
from services.kit.stream.outbox_metrics import measure_outbox
from services.scoring.application.drift_monitor import DriftMonitor
from services.scoring.entrypoints.http import create_app
from services.scoring.settings import ScoringFaultSettings, ScoringSettings
from services.scoring.wiring import SCHEMA, Scoring, build

log = structlog.get_logger(__name__)


def application(scoring: Scoring) -> FastAPI:
    """Returns the HTTP application of the built service."""
    return create_app(
        scoring.borrowers,
        scoring.rulebooks,
        scoring.portfolio,
        scoring.sectors,
        scoring.approvals,
        isolated=scoring.isolated,
        resend=scoring.resend,
        parts=scoring.web_parts,
    )


async def main(platform: PlatformSettings, settings: ScoringSettings) -> int:
    """Runs the worker until a signal arrives; returns the exit status."""
    logs.configure(
        service="scoring",
        level=platform.log_level,
        hash_key=platform.log_hash_key.get_secret_value(),
    )
    refuse_unknown_variables(PlatformSettings, ScoringSettings, ScoringFaultSettings)
    log.info("worker.starting", **effective(platform), **effective(settings))
    async with build(platform, settings) as scoring:
        return await serve(
            application(scoring),
            ServerOptions(host=settings.host, port=settings.port),
            health=scoring.health,
            recorder=scoring.metrics,
            tasks={
                "consumer": scoring.consume,
                "drift": DriftMonitor(
                    PostgresDatabase(scoring.pool),
                    census=scoring.census,
                    recorder=scoring.metrics,
                    clock=SystemClock(),
                ),
                "outbox age": measure_outbox(
                    PostgresDatabase(scoring.pool),
                    schema=SCHEMA,
                    topics=(platform.risk_topic,),
                    recorder=scoring.metrics,
                    clock=SystemClock(),
                ),
            },
        )
