"""What follows an attempt, by status; and the whole plan of ten attempts."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.delivery.adapters.channels.http_poster import (
    classify,
    parse_retry_after,
    result_of,
)
from services.alerts.delivery.domain import retry_plan
from services.alerts.delivery.domain.attempt import (
    AttemptReport,
    Delivered,
    Gone,
    Rejected,
    ResultCode,
)
from services.alerts.delivery.domain.retry_plan import (
    Attempt,
    GivenUp,
    NextStep,
    RetryAfter,
    plan_next,
)

FAILED = result_of(AttemptReport(code=ResultCode.SERVER_ERROR), retry_after=None)


@pytest.mark.parametrize(
    ("code", "result"),
    [
        (200, ResultCode.DELIVERED),
        (204, ResultCode.DELIVERED),
        (299, ResultCode.DELIVERED),
        (301, ResultCode.REDIRECTED),
        (304, ResultCode.REDIRECTED),
        (307, ResultCode.REDIRECTED),
        (400, ResultCode.REFUSED),
        (401, ResultCode.REFUSED),
        (404, ResultCode.REFUSED),
        (410, ResultCode.GONE),
        (429, ResultCode.OVERLOADED),
        (500, ResultCode.SERVER_ERROR),
        (502, ResultCode.OVERLOADED),
        (503, ResultCode.SERVER_ERROR),
        (504, ResultCode.OVERLOADED),
        (599, ResultCode.SERVER_ERROR),
        (101, ResultCode.REFUSED),
        (600, ResultCode.SERVER_ERROR),
    ],
)
def test_what_a_status_means(code: int, result: ResultCode) -> None:
    assert classify(code) is result


def after(
    number: int, result: ResultCode, *, retry_after: timedelta | None = None, draw: float = 0.5
) -> NextStep:
    elapsed = sum(retry_plan.STEPS[:number], timedelta())
    return plan_next(
        Attempt(
            number=number,
            since_first=elapsed,
            result=result_of(AttemptReport(code=result), retry_after=retry_after),
        ),
        draw=draw,
    )


def test_a_delivery_is_the_end() -> None:
    assert isinstance(after(3, ResultCode.DELIVERED), Delivered)


@pytest.mark.parametrize("number", [1, 10])
def test_410_disables_at_once(number: int) -> None:
    assert isinstance(after(number, ResultCode.GONE), Gone)


def test_the_tenth_failure_is_the_last() -> None:
    assert isinstance(after(9, ResultCode.REFUSED), RetryAfter)
    assert isinstance(after(10, ResultCode.REFUSED), GivenUp)


def test_a_message_that_the_receiver_rejects_is_given_up_at_once() -> None:
    rejected = Rejected(report=AttemptReport(code=ResultCode.REFUSED), reason="no such mailbox")
    attempt = Attempt(number=1, since_first=timedelta(), result=rejected)
    assert plan_next(attempt, draw=0.5) == GivenUp(reason="no such mailbox")


@pytest.mark.parametrize(
    ("number", "seconds"),
    [(1, 5), (2, 300), (3, 1800), (4, 7200), (5, 18_000), (6, 36_000), (7, 50_400), (8, 72_000)],
)
def test_without_jitter_the_steps_are_those_of_the_standard(number: int, seconds: int) -> None:
    follows = after(number, ResultCode.SERVER_ERROR)
    assert isinstance(follows, RetryAfter)
    assert follows.delay == timedelta(seconds=seconds)


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
    follows = after(1, ResultCode.SERVER_ERROR, retry_after=wished)
    assert isinstance(follows, RetryAfter)
    assert follows.delay == timedelta(seconds=seconds)


def test_an_overloaded_receiver_gets_a_minute_and_the_endpoint_pauses() -> None:
    follows = after(1, ResultCode.OVERLOADED)
    assert follows == RetryAfter(
        delay=timedelta(seconds=60),
        pauses_endpoint=True,
        reason="overloaded, try again",
    )


def test_an_overloaded_receiver_that_says_when_is_taken_at_its_word() -> None:
    follows = after(1, ResultCode.OVERLOADED, retry_after=timedelta(seconds=20))
    assert follows == RetryAfter(
        delay=timedelta(seconds=20),
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
        ("9" * 5000, retry_plan.LONGEST_RETRY_AFTER),
    ],
)
def test_retry_after_is_read_in_seconds_only(value: str | None, expected: object) -> None:
    assert parse_retry_after(value) == expected


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=9, max_size=9))
def test_any_jitter_keeps_each_step_within_a_fifth_and_the_whole_over_75_hours(
    draws: list[float],
) -> None:
    moments = [timedelta()]
    for number, draw in enumerate(draws, start=1):
        follows = plan_next(
            Attempt(
                number=number,
                since_first=moments[-1],
                result=FAILED,
            ),
            draw=draw,
        )
        assert isinstance(follows, RetryAfter)
        moments.append(moments[-1] + follows.delay)
    for step, (earlier, later) in zip(retry_plan.STEPS[1:], pairwise(moments), strict=True):
        assert 0.8 * step <= later - earlier <= 1.2 * step + timedelta(microseconds=1)
    assert moments[-1] >= retry_plan.HORIZON


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 9), st.floats(0, 400 * 3600))
def test_a_late_attempt_never_makes_the_next_one_rush(
    draw: float, number: int, late_seconds: float
) -> None:
    since_first = sum(retry_plan.STEPS[:number], timedelta(seconds=late_seconds))
    follows = plan_next(
        Attempt(number=number, since_first=since_first, result=FAILED),
        draw=draw,
    )
    assert isinstance(follows, RetryAfter)
    assert follows.delay >= 0.8 * retry_plan.STEPS[number]


@given(
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 9),
    st.timedeltas(min_value=timedelta(days=-400), max_value=timedelta(days=400)),
)
def test_no_clock_however_wrong_holds_a_delivery_longer_than_its_step(
    draw: float, number: int, since_first: timedelta
) -> None:
    follows = plan_next(Attempt(number=number, since_first=since_first, result=FAILED), draw=draw)
    assert isinstance(follows, RetryAfter)
    step = retry_plan.STEPS[number]
    assert 0.8 * step <= follows.delay <= 1.2 * step
