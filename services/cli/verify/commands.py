"""The command `tocsin verify`."""

import asyncio
import json
from contextlib import ExitStack
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from services.cli.broker import BrokerReader, connected
from services.cli.options import AsJson
from services.cli.verify.findings import VerifyFindings, VerifyVerdict
from services.cli.verify.stored import snapshot
from services.cli.verify.verification import Verification, VerificationScope
from services.kit.settings import PlatformSettings
from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.adapters.wire.decoder import EventDecoder
from services.scoring.domain.rulebook.context import Context
from services.scoring.settings import ScoringSettings

POLL_SECONDS = 0.5
VERDICTS = {
    VerifyVerdict.VERIFIED: "[green]verified[/green]",
    VerifyVerdict.NOT_VERIFIED: "[red]not verified[/red]",
    VerifyVerdict.UNDER_WAY: "[yellow]nothing differs, and work is left: --wait SECONDS waits for "
    "its end[/yellow]",
}
EXIT_STATUS = {VerifyVerdict.VERIFIED: 0, VerifyVerdict.NOT_VERIFIED: 1, VerifyVerdict.UNDER_WAY: 3}
console = Console(stderr=True)


def verify(
    wait_seconds: Annotated[
        float, typer.Option("--wait", help="Seconds to wait for work in progress to end.")
    ] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Refold the ledger and compare every state and risk event, byte for byte.

    Also checks that offered = applied + waiting + duplicates + quarantined, where the events of an
    isolated borrower wait behind its mark; its state is compared up to there. The exit status is 1
    if something differs or a partition is stopped, and 3 if neither is so but work is still under
    way. A record that is read again after `tocsin offsets set` is offered again, and is a
    duplicate. Reads TOCSIN_KAFKA_BOOTSTRAP, TOCSIN_DATABASE_URL, TOCSIN_TOPIC_PREFIX,
    TOCSIN_BANK_TIMEZONE and TOCSIN_SCORING_RULEBOOK.

    Examples:

        tocsin verify
        tocsin verify --wait 30 --json
    """
    findings = asyncio.run(
        verified(PlatformSettings(), ScoringSettings().rulebook, wait_seconds=wait_seconds)
    )
    _report(findings)
    if as_json:
        print(json.dumps(findings.as_json()))
    if status := EXIT_STATUS[findings.verdict]:
        raise typer.Exit(status)


async def verified(
    platform: PlatformSettings, rulebook: str, *, wait_seconds: float = 0.0
) -> VerifyFindings:
    """Return the findings of a verification."""
    return (await verification(platform, rulebook, wait_seconds=wait_seconds)).findings


async def verification(
    platform: PlatformSettings, rulebook: str, *, wait_seconds: float = 0.0
) -> Verification:
    """Verify as soon as the work in progress has ended, or when the wait is over."""
    scope = VerificationScope(
        events_topic=platform.events_topic,
        risk_topic=platform.risk_topic,
        decoder=EventDecoder(ZoneInfo(platform.bank_timezone)),
        context=Context(load_rulebook(rulebook)),
    )
    async with connected(platform.kafka_bootstrap) as broker:
        waited = 0.0
        while waited < wait_seconds and await _is_busy(platform, scope, broker):
            await asyncio.sleep(POLL_SECONDS)
            waited += POLL_SECONDS
        with ExitStack() as stack:
            columns = (TextColumn("verifying {task.completed:,} rows"), TimeElapsedColumn())
            bar = stack.enter_context(Progress(*columns, console=console, transient=True))
            task = bar.add_task("verifying", total=None)
            async with snapshot(platform.dsn) as stored:
                run = Verification(scope, tick=lambda rows: bar.advance(task, rows))
                await run.run(stored, broker, lambda: snapshot(platform.dsn))
                return run


async def _is_busy(
    platform: PlatformSettings, scope: VerificationScope, broker: BrokerReader
) -> bool:
    async with snapshot(platform.dsn) as stored:
        run = Verification(scope, tick=lambda rows: None)
        await run.count(stored, broker)
    return run.findings.waiting > 0


def _report(findings: VerifyFindings) -> None:
    console.print(
        f"{counted(findings.offered, 'record')} offered: {findings.applied:,} applied, "
        f"{counted(findings.duplicates, 'duplicate')}, {findings.quarantined:,} quarantined"
    )
    if findings.isolated:
        are = "is" if findings.isolated == 1 else "are"
        wait = "waits" if findings.unfolded == 1 else "wait"
        console.print(
            f"[yellow]{counted(findings.isolated, 'borrower')} {are} isolated; "
            f"{counted(findings.unfolded, 'event')} of theirs {wait} in the ledger "
            "(tocsin borrowers isolated)[/yellow]"
        )
    console.print(
        f"{counted(findings.borrowers, 'borrower')}, "
        f"{counted(findings.risk_events, 'risk event')} and "
        f"{counted(findings.linked_events, 'event')} between borrowers compared: "
        f"{counted(findings.mismatches, 'difference')}"
    )
    for line in findings.obstacles:
        console.print(f"  {line}")
    console.print(VERDICTS[findings.verdict])


def counted(amount: int, noun: str) -> str:
    """Return a number with its noun: `1 borrower`, `2,000 borrowers`."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"
