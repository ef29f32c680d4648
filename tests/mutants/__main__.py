"""`python -m tests.mutants [--only NAME …] [--jobs N]`: 1 if a removed line goes unnoticed."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from queue import SimpleQueue

from lab.stack.local import LocalStack
from lab.stack.settings import StackSettings
from tests.mutants.mutant import Mutant
from tests.mutants.running import ROOT, Trial, Verdict, copy_tree, page
from tests.mutants.table import MUTANTS


def main() -> int:
    """Try the mutants that were chosen, and write the results to docs/reference/mutants.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument(
        "--only",
        action="append",
        metavar="NAME",
        choices=[mutant.name for mutant in MUTANTS],
        help="a line by its name in docs/reference/mutants.md; may be given several times",
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="copies at a time")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if not options.only or mutant.name in options.only]
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-mutants-")))
        if any(mutant.needs_servers for mutant in chosen):
            _share_servers(exits, folder / "stack")
        verdicts = _tried(exits, folder, chosen, jobs=max(1, min(options.jobs, len(chosen))))
    shown = ROOT / "docs" / "reference" / "mutants.md"
    names = [mutant.name for mutant in MUTANTS]
    text = page(verdicts, names, before=shown.read_text(encoding="utf-8"))
    shown.write_text(text, encoding="utf-8")
    missed = [verdict.mutant.name for verdict in verdicts if not verdict.is_caught]
    print(f"{len(verdicts) - len(missed)} of {len(verdicts)} removed lines were noticed")
    if options.json:
        caught = {v.mutant.name: v.caught_by for v in verdicts if v.is_caught}
        print(json.dumps({"mutants": len(verdicts), "caught": caught, "missed": missed}))
    return 1 if missed else 0


def _tried(
    exits: ExitStack, folder: Path, chosen: Sequence[Mutant], *, jobs: int
) -> Sequence[Verdict]:
    """Tries the mutants in several copies at a time; returns the verdicts in the table's order."""
    free: SimpleQueue[Trial] = SimpleQueue()
    healthy: dict[str, bool] = {}
    for number in range(jobs):
        copy_tree(folder / f"tree-{number}")
        trial = Trial(folder / f"tree-{number}", healthy)
        exits.callback(trial.close)
        free.put(trial)
    trial.check_health(chosen)

    def work(part: Sequence[Mutant]) -> list[Verdict]:
        trial = free.get()
        try:
            return [_report(trial, mutant) for mutant in part]
        finally:
            free.put(trial)

    with ThreadPoolExecutor(jobs) as pool:
        verdicts = chain.from_iterable(pool.map(work, _parts(chosen)))
        return sorted(verdicts, key=lambda verdict: chosen.index(verdict.mutant))


def _parts(chosen: Sequence[Mutant]) -> Iterator[Sequence[Mutant]]:
    """Yields what may run at the same time; tests on the same servers would disturb each other."""
    on_servers = [mutant for mutant in chosen if mutant.needs_servers]
    if on_servers:
        yield on_servers
    yield from ([mutant] for mutant in chosen if not mutant.needs_servers)


def _report(trial: Trial, mutant: Mutant) -> Verdict:
    verdict = trial.try_out(mutant)
    print(
        f"{verdict.result:10} {mutant.name:32} {verdict.caught_by} ({verdict.seconds:.0f} s)",
        flush=True,
    )
    return verdict


def _share_servers(exits: ExitStack, folder: Path) -> None:
    """Starts one broker and one database for all test runs."""
    stack = exits.enter_context(LocalStack(folder, settings=StackSettings()))
    os.environ["TOCSIN_KAFKA_BOOTSTRAP"] = stack.kafka_bootstrap
    os.environ["TOCSIN_DATABASE_URL"] = stack.database_url


if __name__ == "__main__":
    sys.exit(main())
