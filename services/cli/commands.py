"""The table of commands: the product's own, and those that other distributions add.

A distribution adds commands with an entry point of the group `tocsin.commands` that names a table
like `COMMANDS`. Only the module of the called command is imported, so that `tocsin --help` is
fast.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points

GROUP = "tocsin.commands"
LAB_PACKAGE = "tocsin-lab"
# What the laboratory brings, so that a call without it names the package that is missing.
LAB_COMMANDS = frozenset({"demo", "simulate", "stack", "bench", "convert", "model"})


@dataclass(frozen=True, slots=True)
class Command:
    """A command or a group of commands: where its code is, and its line in the help."""

    module: str
    attribute: str
    summary: str


COMMANDS: dict[str, Command] = {
    "migrate": Command("services.cli.migrate", "migrate", "Bring the database schemas up to date."),
    "topics": Command("services.cli.topics", "topics", "Create or check the Kafka topics."),
    "persons": Command("services.cli.persons", "app", "Create persons and bind their logins."),
    "people": Command("services.cli.people", "app", "Check, compare and activate the people."),
    "alerts": Command("services.cli.alerts", "app", "Explain why people were notified or not."),
    "keys": Command("services.cli.keys", "app", "Create, list and revoke API keys."),
    "replay": Command("services.cli.replay", "replay", "Send events through ingest."),
    "score": Command("services.cli.score", "score", "Score the borrowers of a file of events."),
    "rulebook": Command(
        "services.cli.rulebook.commands", "app", "Check, compare and calibrate rulebooks."
    ),
    "evaluate": Command(
        "services.cli.evaluate.commands", "evaluate", "Evaluate assessments against outcomes."
    ),
    "backtest": Command(
        "services.cli.backtest.commands", "backtest", "Score a history and compare with outcomes."
    ),
    "verify": Command(
        "services.cli.verify.commands", "verify", "Refold the ledger and compare every borrower."
    ),
    "audit": Command("services.cli.audit", "app", "Check the rows that auditors rely on."),
    "history": Command("services.cli.history", "app", "Open or close a load of history."),
    "quarantine": Command(
        "services.cli.quarantine", "app", "Inspect, retry or discard what was set aside."
    ),
    "accounts": Command(
        "services.cli.accounts", "app", "Check the account directory against the log."
    ),
    "approvals": Command(
        "services.cli.approvals", "app", "Propose and decide what needs two people."
    ),
    "borrowers": Command(
        "services.cli.borrowers", "app", "Resume isolated borrowers, and resend their events."
    ),
    "offsets": Command(
        "services.cli.offsets.commands", "app", "Inspect and set the offsets of partitions."
    ),
}


def added() -> dict[str, Mapping[str, Command]]:
    """Return the tables of commands that installed distributions add, by distribution."""
    return {
        point.dist.name if point.dist else point.name: point.load()
        for point in entry_points(group=GROUP)
    }
