"""Runs the torture of deliveries on a database of its own: `python -m tests.delivery_torture`."""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from lab.stack.local import LocalStack
from lab.stack.logins import service_urls
from lab.stack.settings import StackSettings
from services.kit.migrations import migrate_now
from tests.delivery_torture.profiles import PROFILES
from tests.delivery_torture.run import torture


def main() -> int:
    """Runs one profile; returns 0 only if everything arrived as promised."""
    parser = argparse.ArgumentParser(prog="make delivery-torture", description=__doc__)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="medium")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    own = StackSettings().model_copy(update={"kafka_bootstrap": None, "database_url": None})
    with (
        tempfile.TemporaryDirectory(prefix="tocsin-deliveries-") as folder,
        LocalStack(Path(folder) / "stack", settings=own) as stack,
    ):
        url = stack.database_url
        migrate_now(url, service_urls=service_urls(url))
        profile = PROFILES[arguments.profile]
        line = asyncio.run(torture(profile, database_url=url, seed=arguments.seed))
    print(json.dumps(line), flush=True)
    return 0 if line["verified"] else 1


if __name__ == "__main__":
    sys.exit(main())
