"""`python -m tests.mutants [--only NAME …] [--json]`: 1 if a removed safety line goes unnoticed."""

import argparse
import json
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from services.cli.stack.local import LocalStack
from services.cli.stack.settings import StackSettings
from tests.mutants.running import ROOT, Trial, Verdict, copy_tree, page
from tests.mutants.table import MUTANTS, Mutant


def main() -> int:
    """Try what the command line asks for; a whole run writes docs/mutants.md."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--only", action="append", choices=[mutant.name for mutant in MUTANTS])
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    asked = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if not asked.only or mutant.name in asked.only]
    verdicts = []
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-mutants-")))
        copy_tree(folder / "tree")
        if any("integration" in tests for mutant in chosen for tests in mutant.tests):
            _share_servers(exits, folder / "stack")
        trial = Trial(folder / "tree")
        exits.callback(trial.close)
        for mutant in chosen:
            verdicts.append(_tell(trial, mutant))
    if not asked.only:
        (ROOT / "docs" / "mutants.md").write_text(page(verdicts), encoding="utf-8")
    missed = [verdict.mutant.name for verdict in verdicts if not verdict.is_caught]
    print(f"{len(verdicts) - len(missed)} of {len(verdicts)} removed lines were noticed")
    if asked.json:
        caught = {v.mutant.name: v.caught_by for v in verdicts if v.is_caught}
        print(json.dumps({"mutants": len(verdicts), "caught": caught, "missed": missed}))
    return 1 if missed else 0


def _tell(trial: Trial, mutant: Mutant) -> Verdict:
    verdict = trial.try_out(mutant)
    print(
        f"{verdict.result:10} {mutant.name:26} {verdict.caught_by} ({verdict.seconds:.0f} s)",
        flush=True,
    )
    return verdict


def _share_servers(exits: ExitStack, folder: Path) -> None:
    """Give all test runs one broker and one database instead of their own each."""
    stack = exits.enter_context(LocalStack(folder, settings=StackSettings()))
    os.environ["TOCSIN_KAFKA_BOOTSTRAP"] = stack.kafka_bootstrap
    os.environ["TOCSIN_DATABASE_URL"] = stack.database_url


if __name__ == "__main__":
    sys.exit(main())
