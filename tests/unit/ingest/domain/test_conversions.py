"""The bank's way to write a value becomes ours, or is refused; nothing is guessed."""

from zoneinfo import ZoneInfo

import pytest

from services.ingest.domain import conversions
from services.ingest.domain.conversions import Unconvertible

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("minor", "decimals", "written"),
    [
        (412055, 2, "4120.55"),
        (5, 2, "0.05"),
        (-230010, 2, "-2300.10"),
        (0, 2, "0.00"),
        (1500, 0, "1500"),
        (1234567, 3, "1234.567"),
    ],
    ids=["euro", "cents only", "negative", "nothing", "yen has no decimals", "dinar has three"],
)
def test_minor_units_become_a_decimal_string(minor: int, decimals: int, written: str) -> None:
    assert conversions.money_of_minor_units(minor, decimals=decimals) == written


@pytest.mark.parametrize("value", ["412055", 4120.55, True, None, [1], 10**18])
def test_an_amount_that_is_no_integer_of_minor_units_is_refused(value: object) -> None:
    with pytest.raises(Unconvertible):
        conversions.money_of_minor_units(value, decimals=2)


def test_a_local_date_becomes_an_iso_date() -> None:
    assert conversions.local_date("05.01.2026") == "2026-01-05"


@pytest.mark.parametrize("value", ["5.1.2026", "2026-01-05", "31.02.2026", "05.01.26", 5012026])
def test_another_way_to_write_a_date_is_refused(value: object) -> None:
    with pytest.raises(Unconvertible):
        conversions.local_date(value)


@pytest.mark.parametrize(
    ("day", "clock", "moment"),
    [
        ("05.01.2026", "14:03:22", "2026-01-05T13:03:22Z"),
        ("05.07.2026", "14:03:22", "2026-07-05T12:03:22Z"),
        ("05.01.2026", "00:15", "2026-01-04T23:15:00Z"),
        ("25.10.2026", "02:30:00", "2026-10-25T00:30:00Z"),
    ],
    ids=[
        "winter is one hour ahead",
        "summer is two hours ahead",
        "seconds may be left out",
        "an hour that comes twice is its first coming",
    ],
)
def test_local_date_and_time_become_a_moment(day: str, clock: str, moment: str) -> None:
    assert conversions.moment(day, clock, timezone=BERLIN) == moment


@pytest.mark.parametrize(
    ("day", "clock"),
    [("29.03.2026", "02:30:00"), ("05.01.2026", "24:00:00"), ("05.01.2026", "9:00")],
    ids=["an hour that never was", "after midnight", "one digit"],
)
def test_a_time_that_is_none_is_refused(day: str, clock: str) -> None:
    with pytest.raises(Unconvertible):
        conversions.moment(day, clock, timezone=BERLIN)


def test_yes_and_no_are_letters_or_truths() -> None:
    assert [conversions.yes_no(value) for value in ("Y", "N", True, False)] == [
        True,
        False,
        True,
        False,
    ]
    with pytest.raises(Unconvertible):
        conversions.yes_no("J")


def test_a_number_is_a_text_where_the_bank_numbers_its_customers() -> None:
    assert conversions.text(4711) == "4711"
    with pytest.raises(Unconvertible):
        conversions.text(True)


@pytest.mark.parametrize(
    ("points", "ratio"),
    [(725, "0.0725"), (0, "0.0000"), (10_000, "1.0000"), (-50, "-0.0050"), (1, "0.0001")],
)
def test_basis_points_become_a_ratio(points: int, ratio: str) -> None:
    assert conversions.ratio_of_basis_points(points) == ratio


@pytest.mark.parametrize("points", [7.25, "725", True, None, 10**10])
def test_basis_points_are_whole_and_few(points: object) -> None:
    with pytest.raises(Unconvertible):
        conversions.ratio_of_basis_points(points)


def test_a_decimal_must_be_a_string_with_a_point() -> None:
    assert conversions.decimal("-1234.56") == "-1234.56"
    assert conversions.decimal("0.0060913442") == "0.0060913442"
    for value in (1234.56, "1.234,56", "1e3", "12."):
        with pytest.raises(Unconvertible):
            conversions.decimal(value)


@pytest.mark.parametrize(
    ("value", "decimals", "trimmed"),
    [
        ("10.00", 2, "10.00"),
        ("10.0000", 2, "10.00"),
        ("10.50", 0, None),
        ("10.00", 0, "10"),
        ("10.005", 2, None),
        ("10.005", 3, "10.005"),
        ("no money", 2, "no money"),
    ],
)
def test_zeros_beyond_the_minor_unit_go_and_money_never_does(
    value: str, decimals: int, trimmed: str | None
) -> None:
    assert conversions.trimmed_money(value, decimals=decimals) == trimmed


def test_what_is_shown_of_a_value_is_short_and_never_a_container() -> None:
    assert conversions.shown({"name": "Erika Mustermann"}) == "an object"
    assert len(conversions.shown("x" * 500)) < 50
