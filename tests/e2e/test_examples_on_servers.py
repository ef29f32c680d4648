"""Every example that `--help` shows and that needs servers runs as printed, from a shell.

One bank's first day: the local stack, the schemas and topics, keys, events, a rulebook of its own,
verification, quarantine, and the offsets after the services have stopped. `tests/e2e/test_demo.py`
runs the examples of the demo.
"""

import asyncio
import base64
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import httpx2
import pytest

from lab.demo.environment import RAW_TOPICS
from lab.stack.local import LocalStack
from lab.stack.logins import service_variables
from lab.stack.ports import LOOPBACK, free_ports
from lab.stack.service_processes import Program, ServiceProcesses
from lab.stack.settings import StackSettings
from services.cli.broker import connected
from services.cli.topics import Topic, ensure
from services.scoring.adapters.rulebook_reader import path_of
from tests.fakes import directory_example
from tests.reference import examples

pytestmark = pytest.mark.e2e

WITHIN_SECONDS = 600
PARTITIONS = 4
NO_GROUP_SECONDS = 60
SCORING_GROUP = "tocsin.scoring"


class Terminal:
    """Runs examples in a folder as a shell does, and remembers which."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ran: list[str] = []
        # Caches of downloads are found through the home folder; our own settings must not leak in.
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
        self.environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        if repository := StackSettings().maven_repository:
            self.environment["TOCSIN_MAVEN_REPOSITORY"] = repository

    def run(self, line: str, *, answer: str = "", statuses: tuple[int, ...] = (0,)) -> str:
        """Run a line; return its standard output."""
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=self.folder,
            env=self.environment,
            input=answer,
            capture_output=True,
            text=True,
            timeout=WITHIN_SECONDS,
            check=False,
        )
        assert done.returncode in statuses, f"{line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def run_examples(
        self, name: str, *, answer: str = "", statuses: tuple[int, ...] = (0,), **filled: str
    ) -> list[str]:
        """Run the examples of a command, with placeholders filled in; return their outputs."""
        outputs = []
        for example in examples.of(name):
            line = example
            for placeholder, value in filled.items():
                line = line.replace(placeholder, value)
            outputs.append(self.run(line, answer=answer, statuses=statuses))
            self.ran.append(example)
        return outputs


class TestTheLocalStack:
    def test_it_starts_answers_and_stops(self, tmp_path: Path) -> None:
        terminal = Terminal(tmp_path)
        try:
            terminal.run_examples("stack up")
            terminal.run_examples("stack status")
        finally:
            terminal.run_examples("stack down")


def test_the_bench_measures(tmp_path: Path) -> None:
    outputs = Terminal(tmp_path).run_examples("bench")
    assert json.loads(outputs[-1].splitlines()[-1])["workers"] == 1


@pytest.fixture
def bank(own_stack: LocalStack, tmp_path: Path) -> Terminal:
    """A terminal with the settings of a bank, its first events and a rulebook of its own."""
    terminal = Terminal(tmp_path)
    terminal.environment |= {
        "TOCSIN_KAFKA_BOOTSTRAP": own_stack.kafka_bootstrap,
        "TOCSIN_DATABASE_URL": own_stack.database_url,
        **service_variables(own_stack.database_url),
        "TOCSIN_PARTITIONS": str(PARTITIONS),
    }
    terminal.run("tocsin simulate --out events.ndjson --borrowers 4 --days 40")
    rulebook = path_of("reference").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(
        rulebook.replace('rulebook: reference\nversion: "1.0"', 'rulebook: mine\nversion: "2"', 1),
        encoding="utf-8",
    )
    return terminal


@pytest.fixture
def services(bank: Terminal, tmp_path: Path) -> Iterator[ServiceProcesses]:
    """Ingest and scoring, to be started; stopped at the end."""
    settings = {k: v for k, v in bank.environment.items() if k.startswith("TOCSIN_")}
    processes = ServiceProcesses(tmp_path, settings=settings)
    yield processes
    processes.stop()


def key_of(bank: Terminal, name: str, *options: str) -> str:
    created = bank.run(f"tocsin keys create --name {name} --json {' '.join(options)}")
    return str(json.loads(created)["key"])


def start(services: ServiceProcesses, bank: Terminal) -> None:
    secret = {"TOCSIN_ALERTS_SECRET_KEY": base64.b64encode(secrets.token_bytes(32)).decode()}
    for name, port in zip(("ingest", "scoring", "alerts"), free_ports(3), strict=True):
        url = f"http://{LOOPBACK}:{port}"
        variable = f"TOCSIN_{name.upper()}"
        own = {f"{variable}_PORT": str(port), **(secret if name == "alerts" else {})}
        services.start(Program(name, f"services.{name}", (), url, own))
        bank.environment[f"{variable}_URL"] = url
    asyncio.run(services.wait_until_ready())


async def group_is_gone(bootstrap: str) -> None:
    """Wait until the stopped worker has left its group."""
    async with asyncio.timeout(NO_GROUP_SECONDS):
        while True:
            async with connected(bootstrap) as broker:
                if not await broker.members(SCORING_GROUP):
                    return
            await asyncio.sleep(0.5)


def set_up(bank: Terminal) -> None:
    bank.run_examples("migrate")
    bank.run_examples("topics")
    raw = [Topic(name=name, partitions=PARTITIONS) for name in RAW_TOPICS]
    asyncio.run(ensure(bank.environment["TOCSIN_KAFKA_BOOTSTRAP"], topics=raw))
    for name in ("create", "bind", "list"):
        bank.run_examples(f"persons {name}")
    bank.run_examples("keys create")
    bank.run_examples("keys list")
    listed = json.loads(bank.run("tocsin keys list --json"))["keys"]
    bank.run_examples("keys revoke", KEY_ID=listed[0]["id"])


def feed(bank: Terminal) -> None:
    key = key_of(bank, "bank", "--role SOURCE", "--source 'core/*'")
    bank.environment["TOCSIN_API_KEY"] = key
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}
    url = f"{bank.environment['TOCSIN_INGEST_URL']}/v1/events"
    assert httpx2.post(url, content=b"{broken", headers=headers).status_code == 422
    bank.run_examples("replay")


def rates(number: int, usd: str) -> bytes:
    event = {
        "specversion": "1.0",
        "id": f"FX-{number}",
        "source": "core/market",
        "type": "fx.published.v1",
        "subject": "*",
        "time": "2026-03-02T16:00:00Z",
        "data": {
            "rate_date": "2026-03-02",
            "base_currency": "EUR",
            "rates": [{"currency": "USD", "rate": usd}],
        },
    }
    return json.dumps(event).encode()


def release_rates(bank: Terminal) -> None:
    """Two first rates of a currency wait: one is approved, the other rejected."""
    options = ("--role SOURCE", "--source core/market", "--event-type fx.published")
    headers = {
        "Authorization": f"Bearer {key_of(bank, 'market', *options)}",
        "Content-Type": "application/cloudevents+json",
    }
    url = f"{bank.environment['TOCSIN_INGEST_URL']}/v1/events"
    for number, usd in ((1, "0.92"), (2, "9.2")):
        assert httpx2.post(url, content=rates(number, usd), headers=headers).status_code == 422
    proposer = key_of(bank, "treasury", "--role RISK", "--person ada")
    approver = key_of(bank, "head", "--role APPROVER", "--person grace")
    bank.environment["TOCSIN_API_KEY"] = proposer
    bank.run_examples("approvals propose")
    bank.run("tocsin approvals propose ingest control-event 3 --reason 'the fixing of today'")
    bank.environment["TOCSIN_API_KEY"] = approver
    for step in ("list", "show", "approve", "reject", "conflict"):
        bank.run_examples(f"approvals {step}", answer="y\n")


def clear_quarantine(bank: Terminal) -> None:
    bank.environment["TOCSIN_API_KEY"] = key_of(bank, "operator", "--role OPERATOR")
    for name in ("list", "show"):
        bank.run_examples(f"quarantine {name}")
    # What is broken stays broken, which is status 1.
    outputs = bank.run_examples("quarantine retry", statuses=(0, 1))
    assert all("Retried" in output for output in outputs)
    bank.run_examples("quarantine discard")
    # Scoring set nothing aside.
    bank.run_examples("quarantine release", statuses=(1,))


def load_history(bank: Terminal) -> None:
    for step in ("open", "list", "close"):
        bank.run_examples(f"history {step}")


def look_for_isolated_borrowers(bank: Terminal) -> None:
    bank.run_examples("borrowers isolated")
    # None is, which is status 1 for the one that is named.
    bank.run_examples("borrowers resume", statuses=(0, 1))
    # Not so many assessments were emitted, so the number is refused.
    bank.run_examples("borrowers resend", statuses=(0, 1))


def set_up_people(bank: Terminal) -> None:
    (bank.folder / "people.yaml").write_text(directory_example.example(), encoding="utf-8")
    for person in ("ana", "ben", "sam", "rita", "wei"):
        bank.run(f"tocsin persons create {person} --name {person}")
    bank.environment["TOCSIN_API_KEY"] = key_of(bank, "personnel", "--role RISK", "--person ada")
    for step in ("diff", "activate"):
        for example in set(examples.of(f"people {step}")) - {*examples.offline()}:
            bank.run(example)
            bank.ran.append(example)
    # Nobody has decided anything about a borrower that nobody knows.
    bank.run_examples("alerts explain", statuses=(1,))


def change_rulebook(bank: Terminal) -> None:
    modeller = key_of(bank, "modeller", "--role RISK", "--person ada")
    approver = key_of(bank, "approver", "--role APPROVER", "--person grace")
    for step in ("draft", "propose", "approve", "activate", "list"):
        bank.environment["TOCSIN_API_KEY"] = approver if step == "approve" else modeller
        bank.run_examples(f"rulebook {step}", answer="y\n" if step == "approve" else "")


def test_a_banks_first_day(bank: Terminal, services: ServiceProcesses) -> None:
    set_up(bank)
    start(services, bank)
    feed(bank)
    release_rates(bank)
    clear_quarantine(bank)
    look_for_isolated_borrowers(bank)
    load_history(bank)
    change_rulebook(bank)
    set_up_people(bank)
    bank.run("tocsin verify --wait 60")
    bank.run_examples("verify")
    bank.run_examples("audit verify")
    bank.run_examples("accounts check")
    ledger = [example for example in examples.of("rulebook what-if") if "--ledger" in example]
    bank.ran += [example for example in ledger if bank.run(example) is not None]
    bank.run_examples("offsets show")
    operator = key_of(bank, "operations", "--role OPERATOR", "--person grace")
    bank.environment["TOCSIN_API_KEY"] = operator
    bank.run_examples("offsets accept-partitions", answer="y\n")
    services.stop()
    asyncio.run(group_is_gone(bank.environment["TOCSIN_KAFKA_BOOTSTRAP"]))
    bank.run_examples("offsets set", answer="y\n")
    bank.run_examples("accounts rebuild", answer="y\n")
    bank.run_examples("persons remove")
    elsewhere = {*examples.offline()}
    for name, shown in examples.by_command().items():
        if name.startswith(("stack ", "demo", "bench")):
            elsewhere |= set(shown)
    assert set(bank.ran) == {*chain.from_iterable(examples.by_command().values())} - elsewhere
