"""Reads the examples that `--help` shows: the indented lines below each command's description."""

from functools import cache
from inspect import cleandoc

from tests.reference import command_tree

# What needs a broker, a database or a running service, by the words that call it.
NEEDS_SERVERS = (
    *("migrate", "topics", "persons", "keys", "audit", "replay", "verify", "quarantine"),
    *("accounts", "approvals", "borrowers", "history", "offsets"),
    *("stack", "demo", "bench", "people activate", "alerts"),
    *(f"rulebook {step}" for step in ("list", "draft", "propose", "approve", "activate")),
)


@cache
def by_command() -> dict[str, tuple[str, ...]]:
    """Return the examples of every command by the words that call it."""
    return {
        " ".join(words): _examples(node.help or "") for words, node in command_tree.leaves(None)
    }


def of(name: str) -> tuple[str, ...]:
    """Return the examples of one command."""
    return by_command()[name]


def offline() -> list[str]:
    """Return the examples that run on files alone, each once."""
    return list(
        dict.fromkeys(
            example
            for name, examples in by_command().items()
            for example in examples
            if not name.startswith(NEEDS_SERVERS)
            and "--ledger" not in example
            and (name != "people diff" or "--against" in example)
        )
    )


def _examples(text: str) -> tuple[str, ...]:
    joined = cleandoc(text).replace("\\\n", " ")
    return tuple(" ".join(line.split()) for line in joined.splitlines() if line.startswith("    "))
