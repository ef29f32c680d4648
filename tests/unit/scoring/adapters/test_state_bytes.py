"""A borrower survives storage without a changed byte."""

from dataclasses import fields

import pytest

from services.scoring.adapters.state_bytes import StateUnreadable, decode, encode
from services.scoring.domain.borrower.borrower import Borrower
from tests.fakes.story import Story


def eventful() -> Borrower:
    story = Story(start="2024-01-01", accounts="a-1")
    story.loan(12_000)
    story.schedule(("2024-01-15", 1_000, 50), ("2024-02-15", 1_000, 50))
    story.on("2024-01-15").pays(1_050)
    story.flow(500, counterparty_id="c-1")
    story.flow(-200, "CASH_OUT")
    story.balance(300)
    story.line(50, 100, interest=1)
    story.fails()
    story.on("2024-02-20").reschedule(("2024-06-15", 1_050), version=2, effective="2024-02-20")
    story.close()
    return story.borrower


def test_every_field_comes_back() -> None:
    borrower = eventful()
    again = decode(encode(borrower))
    for field in (field for field in fields(Borrower) if field.compare):
        assert getattr(again, field.name) == getattr(borrower, field.name)


def test_the_same_borrower_gives_the_same_bytes() -> None:
    assert encode(decode(encode(eventful()))) == encode(eventful())


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00\x90", id="another version"),
        pytest.param(b"\x02\x90", id="too few fields"),
        pytest.param(b"\x02\xc1", id="no MessagePack"),
    ],
)
def test_bytes_of_another_version_or_damaged_are_refused(stored: bytes) -> None:
    with pytest.raises(StateUnreadable):
        decode(stored)
