"""Defines the services that the demo starts: their free ports and settings."""

import base64
import secrets
from dataclasses import dataclass

from lab.demo.environment import PARTITIONS
from lab.demo.mail_server import DOMAIN
from lab.simulator.days import BANK_TIMEZONE
from lab.simulator.events import CALENDAR
from lab.stack.local import LocalStack
from lab.stack.logins import service_variables
from lab.stack.ports import LOOPBACK, free_ports
from lab.stack.service_processes import Program

WEBHOOK_DEADLINE_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Programs:
    """The services with their addresses."""

    ingest: Program
    scoring: Program
    alerts: Program

    def all(self) -> tuple[Program, ...]:
        """Return them in the order in which they are started."""
        return self.ingest, self.scoring, self.alerts


def shared_settings(stack: LocalStack) -> dict[str, str]:
    """Return the settings that every service gets."""
    return {
        "TOCSIN_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
        **service_variables(stack.database_url),
        "TOCSIN_PARTITIONS": str(PARTITIONS),
        "TOCSIN_BANK_TIMEZONE": BANK_TIMEZONE,
        "TOCSIN_DAY_CLOSE": "events",
        "TOCSIN_DAY_CLOSE_SOURCE": CALENDAR,
    }


def choose(*, smtp_port: int) -> Programs:
    """Choose free ports and define how each service is run."""
    ingest, scoring, alerts = free_ports(3)
    alerts_url = f"http://{LOOPBACK}:{alerts}"
    return Programs(
        ingest=_program("ingest", ingest, ()),
        scoring=_program("scoring", scoring, ("worker",)),
        alerts=Program(
            name="alerts",
            module="services.alerts",
            arguments=(),
            url=alerts_url,
            settings={
                "TOCSIN_ALERTS_PORT": str(alerts),
                "TOCSIN_ALERTS_PUBLIC_URL": alerts_url,
                "TOCSIN_ALERTS_SECRET_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
                "TOCSIN_ALERTS_SECURE_COOKIES": "false",
                # The bank plays past months; by the wall clock everything would be overdue.
                "TOCSIN_ALERTS_SHOWS_LOG_TIME": "true",
                "TOCSIN_ALERTS_WEBHOOK_ALLOW_LOOPBACK": "true",
                "TOCSIN_ALERTS_WEBHOOK_DEADLINE_SECONDS": str(WEBHOOK_DEADLINE_SECONDS),
                "TOCSIN_ALERTS_SMTP_HOST": LOOPBACK,
                "TOCSIN_ALERTS_SMTP_PORT": str(smtp_port),
                "TOCSIN_ALERTS_SMTP_SECURITY": "none",
                "TOCSIN_ALERTS_SMTP_SENDER": f"tocsin@{DOMAIN}",
                "TOCSIN_ALERTS_SMTP_ALLOWED_NETWORKS": f"{LOOPBACK}/32",
            },
        ),
    )


def _program(name: str, port: int, arguments: tuple[str, ...]) -> Program:
    return Program(
        name=name,
        module=f"services.{name}",
        arguments=arguments,
        url=f"http://{LOOPBACK}:{port}",
        settings={
            f"TOCSIN_{name.upper()}_PORT": str(port),
        },
    )
