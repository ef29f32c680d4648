"""What developers of the bank read about sending is what ingest does."""

import re

from services.ingest.domain.reasons import REMEDIES
from services.ingest.entrypoints import bodies, events_api
from services.ingest.entrypoints.response_models import ItemStatus
from tests.contract.documents import ROOT

PAGE = (ROOT / "docs" / "reference" / "sending-events.md").read_text(encoding="utf-8")
PROBLEMS = (ROOT / "docs" / "reference" / "problems.md").read_text(encoding="utf-8")


def test_every_reason_is_explained_with_its_remedy() -> None:
    rows = dict(re.findall(r"^\| `([a-z0-9_]+)` \| (.+) \|$", PAGE, re.MULTILINE))
    assert {reason.value: text for reason, text in REMEDIES.items()}.items() <= rows.items()


def test_every_verdict_and_media_type_is_named() -> None:
    for word in (*ItemStatus, *bodies.MEDIA_TYPES):
        assert f"`{word}`" in PAGE


def test_every_problem_of_sending_is_documented() -> None:
    for kind in (events_api.NONE_TAKEN, events_api.NOT_YOUR_SOURCE, events_api.TOO_MANY_EVENTS):
        assert f"| `{kind.slug}` | {kind.status} |" in PROBLEMS
