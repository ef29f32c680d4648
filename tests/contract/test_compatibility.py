"""Within a version only optional additions: whoever read the last release can read this one."""

import copy
import json

import pytest

from .compatibility import RELEASED, breaks, summary


def test_nothing_that_was_released_breaks() -> None:
    assert breaks(json.loads(RELEASED.read_text(encoding="utf-8")), summary()) == []


def test_an_optional_addition_is_no_break() -> None:
    now = summary()
    changed = copy.deepcopy(now)
    changed["repayment.posted.v1"]["/data/new"] = {"required": False, "holds": "text", "words": []}
    assert breaks(now, changed) == []


@pytest.mark.parametrize(
    ("field", "change", "words"),
    [
        ("/data/channel", None, "the field is gone"),
        ("/data/instalment_no", {"required": True}, "is required now and was not"),
        ("/data/paid_amount", {"holds": "number"}, "held positiveMoney, holds number"),
        ("/data/channel", {"words": ["DEBIT"]}, "no longer takes"),
        ("/data/loan_id", {"words": ["L-1"]}, "takes only some words now"),
    ],
    ids=["removed", "required", "another type", "fewer words", "words where none were"],
)
def test_a_break_is_found(field: str, change: dict[str, object] | None, words: str) -> None:
    now = summary()
    changed = copy.deepcopy(now)
    if change is None:
        del changed["repayment.posted.v1"][field]
    else:
        changed["repayment.posted.v1"][field].update(change)
    found = breaks(now, changed)
    assert len(found) == 1
    assert words in found[0]
