"""Tries mutants in a copy of the tree, never in the tree itself.

The tests of all mutants first run together on an unchanged copy, which is cheaper than one by one:
a test that fails without the mutant proves nothing, so its mutants count as not shown.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Verdict:
    """The result of one mutant."""

    mutant: Mutant
    result: str
    caught_by: str
    seconds: float

    @property
    def is_caught(self) -> bool:
        return self.result == "caught"


def copy_tree(target: Path) -> None:
    """Copies what git tracks or would track from the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


class Trial:
    """One copy, in which mutants are tried one after the other.

    `healthy` maps each selection of tests to whether it passes; all copies may share it.
    """

    def __init__(self, folder: Path, healthy: dict[str, bool]) -> None:
        self._folder = folder
        self._healthy = healthy
        self._runner = subprocess.Popen(
            [sys.executable, "-B", "-m", "tests.mutants.warm"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def check_health(self, mutants: Sequence[Mutant]) -> None:
        """Runs the first tests of these mutants together; others run alone when needed."""
        selections = sorted({mutant.tests[0] for mutant in mutants})
        if selections and self._run(*selections) is None:
            self._healthy.update(dict.fromkeys(selections, True))

    def try_out(self, mutant: Mutant) -> Verdict:
        """Breaks the line, runs the tests, and restores the line."""
        began = time.monotonic()
        path = self._folder / mutant.file
        whole = path.read_text(encoding="utf-8")
        if whole.count(mutant.old) != 1:
            return Verdict(mutant, "not found", f"{whole.count(mutant.old)} times", 0.0)
        result, caught_by = "survived", ""
        for tests in mutant.tests:
            if not self._is_healthy(tests):
                result, caught_by = "not shown", f"{tests} fails without any mutant"
                continue
            path.write_text(whole.replace(mutant.old, mutant.new), encoding="utf-8")
            try:
                failed = self._run(tests)
            finally:
                path.write_text(whole, encoding="utf-8")
            if failed is None:
                continue
            # A test on real servers may fail without the mutant; a quick one waits for nothing.
            again = failed.partition("[")[0].partition(" ")[0]
            if mutant.needs_servers and self._run(again) is not None:
                result, caught_by = "not shown", f"{failed} fails without the mutant too"
                continue
            result, caught_by = "caught", failed
            break
        return Verdict(mutant, result, caught_by, time.monotonic() - began)

    def _is_healthy(self, tests: str) -> bool:
        if tests not in self._healthy:
            self._healthy[tests] = self._run(tests) is None
        return self._healthy[tests]

    def _run(self, *tests: str) -> str | None:
        """Returns the first test that fails, or None."""
        assert self._runner.stdin is not None
        assert self._runner.stdout is not None
        self._runner.stdin.write(f"{' '.join(tests)}\n")
        self._runner.stdin.flush()
        status, _, failed = self._runner.stdout.readline().strip().partition(" ")
        if not status:
            raise RuntimeError("the test runner ended")
        return None if status == "0" else failed

    def close(self) -> None:
        """Ends the runner."""
        self._runner.communicate()


def page(verdicts: Sequence[Verdict], names: Sequence[str], *, before: str) -> str:
    """Return docs/reference/mutants.md: a row per name, from these verdicts or the page before."""
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in before.splitlines()}
    for v in verdicts:
        by = f"`{v.caught_by}`" if v.is_caught else v.caught_by
        guarded = f"{v.mutant.name} | {v.mutant.guards} | `{v.mutant.file}`"
        rows[v.mutant.name] = f"| {guarded} | {v.result} | {by} |"
    shown = [rows.get(name, f"| {name} | | | not tried | |") for name in names]
    caught = sum(" | caught | " in row for row in shown)
    return (
        "# Safety lines and the tests that guard them\n\n"
        "Written by `make mutants`, which removes each line in a copy of the tree and runs the "
        "tests\nthat are expected to notice, after seeing them pass on the copy as it is.\n\n"
        f"{caught} of {len(shown)} removed lines were noticed.\n\n"
        "| line | what it guards | file | result | by |\n|---|---|---|---|---|\n"
        + "\n".join(shown)
        + "\n"
    )
