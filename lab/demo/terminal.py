"""Shows the demo on the terminal: its progress, the summary, and the addresses of the pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from statistics import quantiles

from rich.console import Console, Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from lab.demo.environment import DemoKeys
from lab.demo.figures import LiveFigures
from lab.demo.mailbox import InboxCounts
from lab.demo.result import STATES_IN_ORDER, DemoResult

WIDTH = 100


@dataclass(slots=True)
class DemoProgress:
    """The current step and figures; without a terminal each step is printed on a line."""

    console: Console
    step: str = "Starting"
    day: date | None = None
    days_done: int = 0
    days: int = 1
    sent: int = 0
    live: LiveFigures = field(default_factory=LiveFigures)
    inbox: InboxCounts | None = None
    last_alert: str = ""

    def enter(self, step: str) -> None:
        """Start the next step."""
        self.step = step
        if not self.console.is_terminal:
            self.console.print(f"{step} …")


def live_view(progress: DemoProgress) -> RenderableType:
    """Return the live view of the progress."""
    inbox = progress.inbox or InboxCounts()
    table = Table.grid(padding=(0, 2))
    table.add_row("Business date", str(progress.day or ""))
    table.add_row("Sent by the bank", f"{progress.sent:,} events")
    table.add_row("Folded into states", f"{progress.live.folded:,} records")
    table.add_row("Assessments changed", f"{progress.live.assessments:,}")
    table.add_row("Alerts", f"{progress.live.alerts:,}")
    table.add_row("Webhooks received", f"{inbox.accepted:,} ({inbox.refused} refused at first)")
    if progress.last_alert:
        table.add_row("Latest in the inbox", Text(progress.last_alert, overflow="ellipsis"))
    bar = ProgressBar(total=progress.days, completed=progress.days_done, width=60)
    return Group(Text(progress.step, style="bold"), bar, table)


def line(progress: DemoProgress) -> str:
    """Return the progress as one line, for logs."""
    inbox = progress.inbox or InboxCounts()
    return (
        f"{progress.day}  {progress.sent:,} events sent, {progress.live.folded:,} records folded, "
        f"{progress.live.alerts} alerts, {inbox.accepted} webhooks"
    )


def summary(result: DemoResult) -> RenderableType:
    """Return the summary table."""
    table = Table(title="What happened", show_header=False, title_justify="left", width=WIDTH)
    counts, sent, leads = result.counts, result.sent, result.lead_times
    rows = (
        ("Events offered", f"{result.offered:,} over {result.days} days"),
        ("… applied", f"{counts.applied:,}"),
        ("… duplicates", f"{counts.duplicates:,} (sent twice: {sent.repeated:,})"),
        ("… quarantined", f"{counts.quarantined:,} (broken on purpose: {sent.broken:,})"),
        (
            "Account known later",
            f"{counts.released:,} events waited and were released automatically",
        ),
        ("Borrowers", _states(result)),
        ("Alerts", f"{result.alerts:,}"),
        ("People", _people(result)),
        ("… reminded", _by_person(result.office.reminded)),
        ("… escalated to", _by_person(result.office.escalated)),
        (
            "Webhooks delivered",
            f"{result.inbox.accepted:,} in {result.inbox.attempts:,} attempts: "
            f"{result.retries} retries, {result.inbox.repeats} repeats recognised by id",
        ),
        (
            "Mails delivered",
            f"{sum(result.mails.values()):,} to {len(result.mails)} people; "
            f"{result.pending.waiting} wait for their working hours",
        ),
        ("Failing borrowers", f"{leads.failed}, warned about in time: {leads.warned}"),
        ("Lead time", _lead(result)),
        ("Missed", ", ".join(f"{m.borrower_id} ({m.group})" for m in leads.missed) or "none"),
        (
            "False alarms",
            f"{len(leads.false_alarms)} of {leads.healthy} healthy borrowers",
        ),
        ("Verified", "yes: every state refolded, byte for byte" if result.verified else "NO"),
        ("Time", f"{result.elapsed_s:.0f} s"),
    )
    for name, words in rows:
        table.add_row(name, Text(words))
    problems = [Text(f"✗ {words}", style="bold red") for words in result.problems()]
    return Group(table, *problems) if problems else table


def where_to_look(console: Console, *, alerts_url: str, inbox_url: str, keys: DemoKeys) -> None:
    """Print the addresses of the running system."""
    console.print("\n[bold]Open it while it runs[/]")
    console.print(f"  Risk warning board   {alerts_url}/   log in with this key:")
    console.print(f"  {keys.officer}", style="bold green", soft_wrap=True, highlight=False)
    console.print(f"  Inbox                {inbox_url}")
    console.print(f"  Mail of the people   {inbox_url}mail")
    console.print(
        f"  REST                 curl -H 'Authorization: Bearer <key>' {alerts_url}/v1/alerts",
        soft_wrap=True,
    )


def _states(result: DemoResult) -> str:
    return ", ".join(
        f"{result.states[name]} {name}" for name in STATES_IN_ORDER if name in result.states
    )


def _people(result: DemoResult) -> str:
    steps = result.office.steps
    kinds = ("acknowledged", "started", "reminded", "escalated", "resolved")
    return ", ".join(f"{steps.get(kind, 0):,} {kind}" for kind in kinds)


def _by_person(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{person} {count}" for person, count in ordered) or "nobody"


def _lead(result: DemoResult) -> str:
    leads = sorted(result.lead_times.leads_days.values())
    if not leads:
        return "–"
    words = f"median {result.lead_times.median_days:.0f} days before the failing event"
    if len(leads) >= 4:
        words += f", a quarter less than {quantiles(leads, n=4)[0]:.0f}"
    return words
