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


def test_a_new_object_may_require_its_fields_and_an_old_one_may_not() -> None:
    now = summary()
    changed = copy.deepcopy(now)
    fields = changed["repayment.posted.v1"]
    fields["/data/new"] = {"required": False, "holds": "array", "words": []}
    fields["/data/new/*/id"] = {"required": True, "holds": "text", "words": []}
    assert breaks(now, changed) == []
    fields["/data/id"] = {"required": True, "holds": "text", "words": []}
    assert breaks(now, changed) == ["repayment.posted.v1/data/id: a new field is required"]


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
    (change_found,) = breaks(now, changed)
    assert words in change_found
