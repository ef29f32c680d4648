"""What follows an attempt, by status; and the whole plan of ten attempts."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.delivery.domain import retry
from services.alerts.delivery.domain.retry import (
    Attempt,
    AttemptResult,
    Delivered,
    EndpointGone,
    GivenUp,
    RetryAt,
    classify,
    decide_next,
    parse_retry_after,
)

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (200, AttemptResult.DELIVERED),
        (204, AttemptResult.DELIVERED),
        (299, AttemptResult.DELIVERED),
        (301, AttemptResult.REDIRECTED),
        (304, AttemptResult.REDIRECTED),
        (307, AttemptResult.REDIRECTED),
        (400, AttemptResult.REFUSED),
        (401, AttemptResult.REFUSED),
        (404, AttemptResult.REFUSED),
        (410, AttemptResult.GONE),
        (429, AttemptResult.OVERLOADED),
        (500, AttemptResult.SERVER_ERROR),
        (502, AttemptResult.OVERLOADED),
        (503, AttemptResult.SERVER_ERROR),
        (504, AttemptResult.OVERLOADED),
        (599, AttemptResult.SERVER_ERROR),
        (101, AttemptResult.REFUSED),
        (600, AttemptResult.SERVER_ERROR),
    ],
)
def test_what_a_status_means(code: int, result: AttemptResult) -> None:
    assert classify(code) is result


def after(
    number: int, result: AttemptResult, *, retry_after: timedelta | None = None, draw: float = 0.5
) -> retry.Next:
    elapsed = sum(retry.STEPS[:number], timedelta())
    return decide_next(
        Attempt(
            number=number,
            first_at=START,
            ended_at=START + elapsed,
            result=result,
            retry_after=retry_after,
        ),
        draw=draw,
    )


def test_a_delivery_is_the_end() -> None:
    assert isinstance(after(3, AttemptResult.DELIVERED), Delivered)


@pytest.mark.parametrize("number", [1, 10])
def test_410_disables_at_once(number: int) -> None:
    assert isinstance(after(number, AttemptResult.GONE), EndpointGone)


def test_the_tenth_failure_is_the_last() -> None:
    assert isinstance(after(9, AttemptResult.REFUSED), RetryAt)
    assert isinstance(after(10, AttemptResult.REFUSED), GivenUp)


@pytest.mark.parametrize(
    ("number", "seconds"),
    [(1, 5), (2, 300), (3, 1800), (4, 7200), (5, 18_000), (6, 36_000), (7, 50_400), (8, 72_000)],
)
def test_without_jitter_the_steps_are_those_of_the_standard(number: int, seconds: int) -> None:
    follows = after(number, AttemptResult.SERVER_ERROR)
    assert isinstance(follows, RetryAt)
    ended_at = START + sum(retry.STEPS[:number], timedelta())
    assert follows.at - ended_at == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("wished", "seconds"),
    [
        (timedelta(seconds=2), 5),
        (timedelta(minutes=3), 180),
        (timedelta(hours=1), 3600),
        (timedelta(days=365), 3600),
    ],
    ids=["sooner than planned", "later", "the limit", "absurd"],
)
def test_retry_after_only_puts_off_and_only_so_far(wished: timedelta, seconds: int) -> None:
    follows = after(1, AttemptResult.SERVER_ERROR, retry_after=wished)
    assert isinstance(follows, RetryAt)
    assert follows.at - START == timedelta(seconds=seconds)


def test_an_overloaded_receiver_gets_a_minute_and_the_endpoint_pauses() -> None:
    follows = after(1, AttemptResult.OVERLOADED)
    assert follows == RetryAt(
        at=START + timedelta(seconds=60),
        pauses_endpoint=True,
        reason="overloaded, try again",
    )


def test_an_overloaded_receiver_that_says_when_is_taken_at_its_word() -> None:
    follows = after(1, AttemptResult.OVERLOADED, retry_after=timedelta(seconds=20))
    assert follows == RetryAt(
        at=START + timedelta(seconds=20),
        pauses_endpoint=True,
        reason="overloaded, try again",
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("120", timedelta(seconds=120)),
        (" 7 ", timedelta(seconds=7)),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("٣", None),
        ("9" * 5000, retry.LONGEST_RETRY_AFTER),
    ],
)
def test_retry_after_is_read_in_seconds_only(value: str | None, expected: object) -> None:
    assert parse_retry_after(value) == expected


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=9, max_size=9))
def test_any_jitter_keeps_each_step_within_a_fifth_and_the_whole_over_75_hours(
    draws: list[float],
) -> None:
    moments = [START]
    for number, draw in enumerate(draws, start=1):
        follows = decide_next(
            Attempt(
                number=number,
                first_at=START,
                ended_at=moments[-1],
                result=AttemptResult.SERVER_ERROR,
            ),
            draw=draw,
        )
        assert isinstance(follows, RetryAt)
        moments.append(follows.at)
    for step, (earlier, later) in zip(retry.STEPS[1:], pairwise(moments), strict=True):
        assert 0.8 * step <= later - earlier <= 1.2 * step + timedelta(microseconds=1)
    assert moments[-1] - START >= retry.HORIZON


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 9), st.floats(0, 400 * 3600))
def test_a_late_attempt_never_makes_the_next_one_rush(
    draw: float, number: int, late_seconds: float
) -> None:
    ended_at = START + sum(retry.STEPS[:number], timedelta(seconds=late_seconds))
    follows = decide_next(
        Attempt(
            number=number, first_at=START, ended_at=ended_at, result=AttemptResult.SERVER_ERROR
        ),
        draw=draw,
    )
    assert isinstance(follows, RetryAt)
    assert follows.at - ended_at >= 0.8 * retry.STEPS[number]
