"""One run of the demo: the bank plays its months, the system works, the result is checked.

Called by `command.py` with a running stack. The live view is fed from the side and never slows the
run. Invariant: when `play` ends, for whatever reason, no child process and no listener is left.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console
from rich.live import Live as LiveView

from lab.demo import ground, lead_time, programs, show, warning_card
from lab.demo.bank import Bank
from lab.demo.children import Children
from lab.demo.gauges import Gauges
from lab.demo.ground import Keys
from lab.demo.inbox import Inbox
from lab.demo.mailbox import Mailbox, Moods
from lab.demo.office import Office
from lab.demo.outcome import Outcome
from lab.demo.programs import Programs
from lab.demo.show import Stage
from lab.simulator.delivery import Delivery
from lab.simulator.portfolio import Portfolio, Setup
from lab.stack.local import LocalStack
from services.cli.errors import CommandError
from services.cli.verify.commands import verified
from services.kit.clock import SystemClock
from services.kit.settings import PlatformSettings

LOOK_EVERY_SECONDS = 0.3
SETTLE_WITHIN_SECONDS = 240.0
VERIFY_WAIT_SECONDS = 30.0
RULEBOOK = "default"
DAYS_A_LINE = 30
CHECK_CHILDREN_EVERY_DAYS = 10
OFFICERS_MOODS = Moods(unavailable_every=9, too_late_at=3)
CHANNEL_MOODS = Moods(unavailable_every=10**9, busy_at=1, too_late_at=None)


@dataclass(frozen=True, slots=True)
class Running:
    """Everything that is up."""

    platform: PlatformSettings
    keys: Keys
    programs: Programs
    children: Children
    inbox: Inbox
    bank: Bank
    gauges: Gauges
    office: Office


@asynccontextmanager
async def brought_up(stack: LocalStack, *, data_dir: Path, stage: Stage) -> AsyncIterator[Running]:
    """Bring everything up, and take it down at the end of the block."""
    platform = PlatformSettings(
        kafka_bootstrap=stack.kafka_bootstrap,
        database_url=SecretStr(stack.database_url),
        topic_prefix="tocsin.",
        partitions=ground.PARTITIONS,
    )
    stage.enter("Making schemas, topics and keys")
    keys = await ground.prepare(platform)
    chosen = programs.choose()
    children = Children(data_dir, settings=programs.shared_settings(stack))
    inbox = Inbox(Mailbox(moods=OFFICERS_MOODS), channel=Mailbox(moods=CHANNEL_MOODS))
    async with AsyncExitStack() as exits:
        exits.callback(children.stop)
        stage.enter("Starting the services")
        for program in chosen.all():
            children.start(program)
        inbox.start()
        exits.callback(inbox.stop)
        await children.wait_until_ready()
        gauges = await exits.enter_async_context(Gauges(platform))
        office = await exits.enter_async_context(Office(alerts_url=chosen.alerts.url, keys=keys))
        bank = await exits.enter_async_context(
            Bank(
                bootstrap=stack.kafka_bootstrap,
                ingest_url=chosen.ingest.url,
                key=keys.bank,
                positions=gauges.raw_positions,
            )
        )
        await _register(office, inbox)
        yield Running(platform, keys, chosen, children, inbox, bank, gauges, office)


@dataclass(frozen=True, slots=True)
class Played:
    """What was played, before anybody looked whether it is right."""

    portfolio: Portfolio
    delivery: Delivery
    undelivered: int


async def play(running: Running, setup: Setup, *, stage: Stage) -> Played:
    """Play the whole portfolio and wait until everything has arrived."""
    portfolio = Portfolio(setup)
    delivery = Delivery(portfolio)
    stage.days, stage.inbox = setup.days, running.inbox.officers.tally
    stage.enter("The bank plays its days")
    for mail in delivery.days():
        await running.bank.send(mail)
        stage.day = date.fromordinal(mail.day.ordinal)
        stage.days_done += 1
        stage.sent = delivery.sent.offered
        if stage.days_done % CHECK_CHILDREN_EVERY_DAYS == 0:
            running.children.check()
        if stage.days_done % DAYS_A_LINE == 0 and not stage.console.is_terminal:
            stage.console.print(show.line(stage))
    stage.enter("Waiting until everything has arrived")
    return Played(portfolio, delivery, await _settle(running))


async def judge(running: Running, played: Played, *, since_s: float) -> Outcome:
    """Verify what was stored, and compare the warnings with the labels.

    Args:
        running: What is up.
        played: What was played.
        since_s: Monotonic moment at which the demo began.
    """
    findings = await verified(running.platform, RULEBOOK, wait_seconds=VERIFY_WAIT_SECONDS)
    opened = await running.office.opened_alerts()
    return Outcome(
        sent=played.delivery.sent,
        days=played.portfolio.setup.days,
        counts=await running.gauges.counts(),
        states=await running.gauges.states(),
        alerts=len(await running.office.alerts()),
        inbox=running.inbox.tally,
        undelivered=played.undelivered,
        lead_times=lead_time.measure(played.portfolio.outcomes(), opened),
        differences=() if findings.verified else tuple(findings.differences),
        elapsed_s=SystemClock().monotonic_seconds() - since_s,
    )


async def watch(running: Running, stage: Stage, view: LiveView) -> None:
    """Keep the live view up to date until cancelled."""
    while True:
        stage.live = await running.gauges.live()
        newest = running.inbox.officers.newest()[:1]
        if newest:
            data = newest[0].body.get("data") or {}
            stage.last_alert = str(data.get("headline", ""))
        view.update(show.progress(stage))
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def show_worst_card(running: Running, console: Console) -> None:
    """Show one whole warning card: the gravest one that was not simply a default."""
    alerts = [alert for alert in await running.office.alerts() if alert["status"] != "RESOLVED"]
    if not alerts:
        return
    gravity = {"HIGH_RISK": 3, "WATCH": 2, "DEFAULT": 1}
    worst = max(alerts, key=lambda each: (gravity.get(each["state"], 0), each["score"]))
    console.print(warning_card.render(await running.office.alert(worst["alert_id"])))


async def _register(office: Office, inbox: Inbox) -> None:
    inbox.officers.secret = await office.register(
        inbox.webhook_url, description="the demo's inbox", format="standard"
    )
    inbox.channel.secret = await office.register(
        inbox.channel_url, description="the demo's chat channel", format="slack"
    )


async def _settle(running: Running) -> int:
    """Wait until nothing is on its way; return how many webhooks still are."""
    waited = 0.0
    while waited < SETTLE_WITHIN_SECONDS:
        running.children.check()
        if await running.gauges.is_settled() and not await running.office.pending_deliveries():
            return 0
        await asyncio.sleep(LOOK_EVERY_SECONDS)
        waited += LOOK_EVERY_SECONDS
    if not await running.gauges.is_settled():
        raise CommandError(
            f"The system has not caught up within {SETTLE_WITHIN_SECONDS:.0f} s.",
            remedy="See the logs in the demo's data folder.",
        )
    return await running.office.pending_deliveries()
