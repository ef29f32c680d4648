"""Runs the torture and records the result: `python -m tests.chaos`."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from tests.chaos import proof
from tests.chaos.profiles import PROFILES, Profile
from tests.chaos.run import append, torture

PROOF = Path(__file__).resolve().parents[2] / "docs" / "lab-notes" / "torture.jsonl"
TERMINATED = 128 + signal.SIGTERM


def main() -> int:
    """Runs the requested seeds; returns 0 only when every one is verified."""
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="ci")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many, one after the other")
    parser.add_argument(
        "--keep", action="store_true", help="append to docs/lab-notes/torture.jsonl"
    )
    arguments = parser.parse_args()
    all_verified = True
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        line = asyncio.run(_one(PROFILES[arguments.profile], seed))
        print(json.dumps(line), flush=True)
        all_verified = all_verified and line["verified"]
        if arguments.keep:
            append(line, PROOF)
            proof.write(PROOF)
    return 0 if all_verified else 1


async def _one(profile: Profile, seed: int) -> dict[str, Any]:
    """Runs one seed; SIGTERM ends it as Ctrl-C does, with nothing left running."""
    running = asyncio.ensure_future(torture(profile, seed=seed))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    return await running


if __name__ == "__main__":
    try:
        sys.exit(main())
    except asyncio.CancelledError:
        sys.exit(TERMINATED)
