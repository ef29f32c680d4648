"""Runs pytest again and again with the libraries imported once: `python -m tests.mutants.warm`.

Reads selections of tests as one line, separated by blanks; forks a child that runs them, and prints
one line: the exit status and the first test that failed. No module of the project is imported
before the fork, so each child imports the files as they are then. Imports are most of the cost of a
short run.
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
    """Runs selections until the input ends."""
    for name in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        print(_run(line.strip()), flush=True)


def _run(tests: str) -> str:
    with tempfile.TemporaryFile("w+") as output:
        child = os.fork()
        if child == 0:
            os.setsid()
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            os._exit(_pytest(tests))
        status = _wait(child)
        if status is None:
            return f"124 {tests} (did not end within {MOST_SECONDS:g} s)"
        output.seek(0)
        failed = re.search(r"^(?:FAILED|ERROR) (\S+)", output.read(), flags=re.MULTILINE)
        return f"{status} {failed[1] if failed else f'{tests} (exit status {status})'}"


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
