"""Starts scoring: `python -m services.scoring [worker|clock|sectors]`; a worker by default."""

import sys

from services.kit.http.server import run
from services.kit.settings import PlatformSettings
from services.scoring.entrypoints import clock, sectors, worker
from services.scoring.settings import ScoringSettings

ROLES = {"worker": worker.main, "clock": clock.main, "sectors": sectors.main}

if __name__ == "__main__":
    role = sys.argv[1] if len(sys.argv) > 1 else "worker"
    if role not in ROLES or len(sys.argv) > 2:
        sys.exit(f"usage: python -m services.scoring [{'|'.join(ROLES)}]; got {sys.argv[1:]}")
    run(lambda: ROLES[role](PlatformSettings(), ScoringSettings()))
