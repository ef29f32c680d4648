"""One run of the demo: the bank plays its months, the system works, the result is checked.

Called by `command.py` with a running stack. The live view is updated by a task of its own and never
slows the run. Invariant: after `started_demo`, no child process and no listener is left.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from rich.live import Live

from lab.demo import environment, lead_time, office, programs, terminal, warning_card
from lab.demo.alerts_client import AlertsClient, PendingDeliveries
from lab.demo.bank import Bank
from lab.demo.environment import DemoKeys
from lab.demo.figures import SystemFigures
from lab.demo.inbox import Inbox
from lab.demo.mail_server import MailServer
from lab.demo.mailbox import Mailbox, ReceiverOptions
from lab.demo.office import Office
from lab.demo.programs import Programs
from lab.demo.result import DemoResult
from lab.demo.terminal import DemoProgress
from lab.simulator.delivery import Delivery
from lab.simulator.portfolio import Portfolio, Setup
from lab.stack.local import LocalStack
from lab.stack.service_processes import ServiceProcesses
from services.cli.errors import CommandError
from services.cli.verify.commands import verified
from services.kit.clock import SystemClock
from services.kit.settings import PlatformSettings

POLL_SECONDS = 0.3
SETTLE_WITHIN_SECONDS = 240.0
VERIFY_WAIT_SECONDS = 30.0
RULEBOOK = "default"
DAYS_A_LINE = 30
CHECK_EVERY_DAYS = 10
WORK_EVERY_DAYS = 1
# What somebody did with an alert is no news to that person.
MAILED = ("alert.opened.v1", "alert.reminded.v1", "alert.escalated.v1", "alert.rearmed.v1")
OFFICERS_INBOX = ReceiverOptions(unavailable_every=9, too_late_at=3)
CHANNEL_INBOX = ReceiverOptions(unavailable_every=10**9, busy_at=1, too_late_at=None)


@dataclass(frozen=True, slots=True)
class RunningDemo:
    """The services, clients and addresses of a running demo."""

    platform: PlatformSettings
    keys: DemoKeys
    programs: Programs
    processes: ServiceProcesses
    inbox: Inbox
    bank: Bank
    figures: SystemFigures
    alerts_client: AlertsClient
    office: Office
    mail_server: MailServer


@asynccontextmanager
async def started_demo(
    stack: LocalStack, *, data_dir: Path, progress: DemoProgress
) -> AsyncIterator[RunningDemo]:
    """Start everything, and stop it at the end of the block."""
    platform = PlatformSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        database_url=SecretStr(stack.database_url),
        topic_prefix="tocsin.",
        partitions=environment.PARTITIONS,
    )
    progress.enter("Creating schemas, topics and keys")
    directory = office.directory()
    keys = await environment.prepare(platform, directory)
    mail_server = MailServer()
    processes = ServiceProcesses(data_dir, settings=programs.shared_settings(stack))
    inbox = Inbox(
        Mailbox(options=OFFICERS_INBOX),
        channel=Mailbox(options=CHANNEL_INBOX),
        mail_server=mail_server,
    )
    async with AsyncExitStack() as exits:
        mail_server.start()
        exits.callback(mail_server.stop)
        chosen = programs.choose(smtp_port=mail_server.port)
        exits.callback(processes.stop)
        progress.enter("Starting the services")
        for program in chosen.all():
            processes.start(program)
        inbox.start()
        exits.callback(inbox.stop)
        await processes.wait_until_ready()
        figures = await exits.enter_async_context(SystemFigures(platform))
        alerts_client = await exits.enter_async_context(
            AlertsClient(alerts_url=chosen.alerts.url, keys=keys)
        )
        bank = await exits.enter_async_context(
            Bank(
                bootstrap=stack.kafka_bootstrap,
                ingest_url=chosen.ingest.url,
                key=keys.bank,
                positions=figures.raw_positions,
            )
        )
        await _register(alerts_client, inbox)
        people = Office(alerts_client, keys=keys.people, directory=directory)
        await people.open()
        yield RunningDemo(
            platform,
            keys,
            chosen,
            processes,
            inbox,
            bank,
            figures,
            alerts_client,
            people,
            mail_server,
        )


@dataclass(frozen=True, slots=True)
class PlayedHistory:
    """What was played; not yet checked."""

    portfolio: Portfolio
    delivery: Delivery
    pending: PendingDeliveries


async def play(running: RunningDemo, setup: Setup, *, progress: DemoProgress) -> PlayedHistory:
    """Play the whole portfolio and wait until everything has arrived."""
    portfolio = Portfolio(setup)
    delivery = Delivery(portfolio)
    progress.days, progress.inbox = setup.days, running.inbox.officers.counts
    progress.enter("The bank plays its days (a day close is a record on each partition)")
    for day in delivery.days():
        await running.bank.send(day)
        progress.day = date.fromordinal(day.day.ordinal)
        progress.days_done += 1
        progress.sent = delivery.sent.offered
        if progress.days_done % CHECK_EVERY_DAYS == 0:
            running.processes.check()
        if progress.days_done % WORK_EVERY_DAYS == 0:
            await running.office.work()
        if progress.days_done % DAYS_A_LINE == 0 and not progress.console.is_terminal:
            progress.console.print(terminal.line(progress))
    progress.enter("Waiting until everything has arrived")
    return PlayedHistory(portfolio, delivery, await _settle(running))


async def check(running: RunningDemo, played: PlayedHistory, *, since_s: float) -> DemoResult:
    """Verify what was stored, and compare the alerts with the outcomes.

    Args:
        running: The running demo.
        played: What was played.
        since_s: The monotonic time at which the demo began.
    """
    findings = await verified(running.platform, RULEBOOK, wait_seconds=VERIFY_WAIT_SECONDS)
    histories = await running.alerts_client.alerts_with_history()
    return DemoResult(
        sent=played.delivery.sent,
        days=played.portfolio.setup.days,
        counts=await running.figures.counts(),
        states=await running.figures.states(),
        alerts=len(histories),
        office=office.count(histories),
        inbox=running.inbox.counts,
        mails=running.mail_server.counts,
        pending=played.pending,
        lead_times=lead_time.measure(
            played.portfolio.outcomes(), lead_time.opened_alerts(histories)
        ),
        differences=() if findings.verified else tuple(findings.obstacles),
        elapsed_s=SystemClock().monotonic_seconds() - since_s,
    )


async def watch(running: RunningDemo, progress: DemoProgress, view: Live) -> None:
    """Update the live view until cancelled."""
    while True:
        progress.live = await running.figures.live()
        newest = running.inbox.officers.newest()[:1]
        if newest:
            data = newest[0].body.get("data") or {}
            progress.last_alert = str(data.get("headline", ""))
        view.update(terminal.live_view(progress))
        await asyncio.sleep(POLL_SECONDS)


async def show_worst_card(running: RunningDemo, console: Console) -> None:
    """Show one whole warning card: the gravest one that is not a mere default."""
    alerts = [
        alert for alert in await running.alerts_client.alerts() if alert["status"] != "RESOLVED"
    ]
    if not alerts:
        return
    gravity = {"HIGH_RISK": 3, "WATCH": 2, "DEFAULT": 1}
    worst = max(alerts, key=lambda each: (gravity.get(each["state"], 0), each["score"]))
    console.print(warning_card.render(await running.alerts_client.alert(worst["alert_id"])))


async def _register(alerts_client: AlertsClient, inbox: Inbox) -> None:
    inbox.officers.secret = await alerts_client.register(
        inbox.webhook_url, description="the demo's inbox", format="standard"
    )
    inbox.channel.secret = await alerts_client.register(
        inbox.channel_url, description="the demo's chat channel", format="slack"
    )
    await alerts_client.register(
        "directory:responsible",
        description="mail to who is responsible",
        format="email",
        event_types=list(MAILED),
    )


async def _settle(running: RunningDemo) -> PendingDeliveries:
    """Wait until all events are processed; return which messages are still to be delivered."""
    waited = 0.0
    while waited < SETTLE_WITHIN_SECONDS:
        running.processes.check()
        if await running.figures.is_settled():
            pending = await running.alerts_client.pending_deliveries()
            if not pending.due:
                return pending
        await asyncio.sleep(POLL_SECONDS)
        waited += POLL_SECONDS
    if not await running.figures.is_settled():
        raise CommandError(
            f"The system has not caught up within {SETTLE_WITHIN_SECONDS:.0f} s.",
            remedy="See the logs in the demo's data folder.",
        )
    return await running.alerts_client.pending_deliveries()
