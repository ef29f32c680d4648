"""The demo's words on the terminal: live progress, the summary, where to look."""

from dataclasses import dataclass, field
from datetime import date
from statistics import quantiles

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from lab.demo.gauges import Live
from lab.demo.ground import Keys
from lab.demo.mailbox import Tally
from lab.demo.outcome import STATES_IN_ORDER, Outcome

WIDTH = 100


@dataclass(slots=True)
class Stage:
    """What is going on just now; on anything but a terminal each step is told on a line."""

    console: Console
    step: str = "Starting"
    day: date | None = None
    days_done: int = 0
    days: int = 1
    sent: int = 0
    live: Live = field(default_factory=Live)
    inbox: Tally | None = None
    last_alert: str = ""

    def enter(self, step: str) -> None:
        """Go on to the next step."""
        self.step = step
        if not self.console.is_terminal:
            self.console.print(f"{step} …")


def progress(stage: Stage) -> RenderableType:
    """Return the live view."""
    inbox = stage.inbox or Tally()
    table = Table.grid(padding=(0, 2))
    table.add_row("Business date", str(stage.day or ""))
    table.add_row("Sent by the bank", f"{stage.sent:,} events")
    table.add_row("Folded into states", f"{stage.live.folded:,} records")
    table.add_row("Assessments changed", f"{stage.live.assessments:,}")
    table.add_row("Alerts", f"{stage.live.alerts:,}")
    table.add_row("Webhooks received", f"{inbox.kept:,} ({inbox.refused} refused at first)")
    if stage.last_alert:
        table.add_row("Latest in the inbox", Text(stage.last_alert, overflow="ellipsis"))
    bar = ProgressBar(total=stage.days, completed=stage.days_done, width=60)
    return Group(Text(stage.step, style="bold"), bar, table)


def line(stage: Stage) -> str:
    """Return the progress as one line, for logs."""
    inbox = stage.inbox or Tally()
    return (
        f"{stage.day}  {stage.sent:,} sent, {stage.live.folded:,} folded, "
        f"{stage.live.alerts} alerts, {inbox.kept} webhooks"
    )


def summary(outcome: Outcome) -> RenderableType:
    """Return the summary table."""
    table = Table(title="What happened", show_header=False, title_justify="left", width=WIDTH)
    counts, sent, leads = outcome.counts, outcome.sent, outcome.lead_times
    rows = (
        ("Events offered", f"{outcome.offered:,} over {outcome.days} days"),
        ("… applied", f"{counts.applied:,}"),
        ("… duplicates", f"{counts.duplicates:,} (sent twice: {sent.repeated:,})"),
        ("… quarantined", f"{counts.quarantined:,} (broken on purpose: {sent.broken:,})"),
        (
            "Account known later",
            f"{counts.released:,} events waited and were released by themselves",
        ),
        ("Borrowers", _states(outcome)),
        ("Alerts", f"{outcome.alerts:,}"),
        (
            "Webhooks delivered",
            f"{outcome.inbox.kept:,} in {outcome.inbox.attempts:,} attempts: "
            f"{outcome.retries} retries, {outcome.inbox.repeats} repeats recognised by id",
        ),
        ("Failing borrowers", f"{leads.failed}, warned about in time: {leads.warned}"),
        ("Lead time", _lead(outcome)),
        ("Missed", ", ".join(f"{m.borrower_id} ({m.group})" for m in leads.missed) or "none"),
        (
            "False alarms",
            f"{len(leads.false_alarms)} of {leads.healthy} healthy borrowers",
        ),
        ("Verified", "yes: every state folded afresh, byte for byte" if outcome.verified else "NO"),
        ("Time", f"{outcome.elapsed_s:.0f} s"),
    )
    for name, words in rows:
        table.add_row(name, Text(words))
    complaints = [Text(f"✗ {words}", style="bold red") for words in outcome.complaints()]
    return Group(table, *complaints) if complaints else table


def where_to_look(console: Console, *, alerts_url: str, inbox_url: str, keys: Keys) -> None:
    """Say where the running system can be looked at."""
    console.print("\n[bold]Look at it while it runs[/]")
    console.print(f"  Risk warning board   {alerts_url}/   log in with this key:")
    console.print(f"  {keys.officer}", style="bold green", soft_wrap=True, highlight=False)
    console.print(f"  Inbox                {inbox_url}")
    console.print(
        f"  REST                 curl -H 'Authorization: Bearer <key>' {alerts_url}/v1/alerts",
        soft_wrap=True,
    )


def _states(outcome: Outcome) -> str:
    return ", ".join(
        f"{outcome.states[name]} {name}" for name in STATES_IN_ORDER if name in outcome.states
    )


def _lead(outcome: Outcome) -> str:
    leads = sorted(outcome.lead_times.leads_days.values())
    if not leads:
        return "–"
    words = f"median {outcome.lead_times.median_days:.0f} days before the failing event"
    if len(leads) >= 4:
        words += f", a quarter less than {quantiles(leads, n=4)[0]:.0f}"
    return words
