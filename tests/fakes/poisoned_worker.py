"""A scoring worker that cannot fold B-3 nor write B-5: `python -m tests.fakes.poisoned_worker`.

It is a version with a defect, as a process of its own, so that a test can kill it.
"""

from datetime import tzinfo

from services.kit.http.server import run
from services.kit.settings import PlatformSettings
from services.scoring import wiring
from services.scoring.adapters.codec import build_codec
from services.scoring.application.ports import Codec
from services.scoring.entrypoints import worker
from services.scoring.settings import ScoringSettings
from tests.fakes.poisoned_codec import breaking_event, breaking_state
from tests.fakes.wire_events import START


def poisoned(zone: tzinfo) -> Codec:
    """Return the codec of this version."""
    codec = breaking_event(build_codec(zone), "B-3-failed-25")
    return breaking_state(codec, "B-5", from_day=START.toordinal() + 12)


if __name__ == "__main__":
    wiring.build_codec = poisoned
    run(lambda: worker.main(PlatformSettings(), ScoringSettings()))
