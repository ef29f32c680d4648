"""Runs pytest again and again with the libraries imported once: `python -m tests.mutants.warm`.

Reads what to test as one line, selections apart by blanks; forks, lets the child run it and
answers with one line: the exit status and the first test that failed. Nothing of the project is
imported before the fork, so each child sees the files as they are then. Importing is most of a
short run's cost.
"""

import importlib
import os
import re
import signal
import sys
import tempfile
import time
from contextlib import suppress

LIBRARIES = (
    "pytest", "aiokafka", "aiokafka.admin", "asyncpg", "fastapi", "fastapi.testclient", "pydantic",
    "pydantic_settings", "sqlalchemy.ext.asyncio", "alembic.command", "alembic.config", "httpx2",
    "structlog", "rich.console", "typer", "msgspec", "jinja2", "yaml", "prometheus_client",
    "cryptography.hazmat.primitives.ciphers.aead", "holidays", "jmespath", "uvicorn",
    "jsonschema", "standardwebhooks", "hypothesis.strategies",
)  # fmt: skip
MOST_SECONDS = 900.0


def main() -> None:
    """Answer until the input ends."""
    for name in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        print(_run(line.strip()), flush=True)


def _run(tests: str) -> str:
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if child == 0:
            os.setsid()
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            os._exit(_pytest(tests))
        status = _wait(child)
        if status is None:
            return f"124 {tests} (did not end within {MOST_SECONDS:g} s)"
        said.seek(0)
        found = re.search(r"^(?:FAILED|ERROR) (\S+)", said.read(), flags=re.MULTILINE)
        return f"{status} {found[1] if found else f'{tests} (exit status {status})'}"


def _pytest(tests: str) -> int:
    import pytest

    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
    # The libraries are there before pytest could rewrite their assertions.
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    status = int(pytest.main([*options, *quiet, *tests.split()]))
    sys.stdout.flush()
    return status


def _wait(child: int) -> int | None:
    end = time.monotonic() + MOST_SECONDS
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


if __name__ == "__main__":
    main()
