"""The faults of a request are in our own words, with the remedy and without the value."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from services.kit.http.faults import fault_text
from services.kit.http.request_model import Identifier, Moment, RequestModel


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Body(RequestModel):
    reason: Annotated[str, Field(min_length=3, max_length=10)] = "why"
    number: Annotated[int, Field(ge=1, le=9)] = 1
    names: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)] = ("x",)
    is_open: bool = True
    colour: Colour = Colour.RED
    side: Literal["left", "right"] = "left"
    account: Identifier = "AC-1"
    at: Moment | None = None


def fault_of(**body: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        Body.model_validate(body)
    [item] = refused.value.errors()
    return fault_text(item)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"reason": "no"}, "has 2 characters; write at least 3"),
        ({"reason": "x" * 11}, "has 11 characters; write at most 10"),
        ({"reason": 7}, "must be a text in quotation marks"),
        ({"number": 0}, "must be at least 1"),
        ({"number": 10}, "must be at most 9"),
        ({"number": "many"}, "must be a whole number"),
        ({"names": []}, "has 0 entries; send at least 1"),
        ({"names": ["a", "b", "c"]}, "has 3 entries; send at most 2"),
        ({"is_open": "maybe"}, "must be true or false"),
        ({"colour": "green"}, "must be one of 'red' or 'blue'"),
        ({"side": "up"}, "must be one of 'left' or 'right'"),
        ({"account": "A 1"}, "has another form; write what matches ^[!-~]{1,128}$"),
        ({"at": "2026-03-31T17:05:00"}, "has no offset; add Z for UTC, or one such as +02:00"),
        ({"resaon": "why"}, "is no field here; leave it out, or correct its name"),
    ],
)
def test_a_fault_names_what_to_send(body: dict[str, Any], text: str) -> None:
    assert fault_of(**body) == text


def test_a_fault_of_our_own_check_is_its_text() -> None:
    text = fault_of(at="0001-01-01T00:00:00+14:00")
    assert text == "it is before the year 1 or after the year 9999 in UTC"
