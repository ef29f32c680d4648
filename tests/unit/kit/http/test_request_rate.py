"""The bucket of a caller: how many requests at once, how fast it fills, whose it is."""

from services.kit.http.limits import RequestLimits, RequestRate


def test_a_bucket_fills_with_time_and_no_further_than_four_seconds() -> None:
    now = 100.0
    rate = RequestRate(RequestLimits(requests_per_second=2.0), seconds=lambda: now)
    # 2 a second for 4 seconds.
    assert [rate.wait("ada") for _ in range(9)] == [0.0] * 8 + [0.5]
    now += 0.25
    assert rate.wait("ada") == 0.25
    now += 0.25
    assert [rate.wait("ada") for _ in range(2)] == [0.0, 0.5]
    now += 3600
    assert [rate.wait("ada") for _ in range(9)] == [0.0] * 8 + [0.5]


def test_each_caller_has_a_bucket() -> None:
    rate = RequestRate(RequestLimits(requests_per_second=0.25), seconds=lambda: 0.0)
    assert [rate.wait(name) for name in ("ada", "bob", "ada")] == [0.0, 0.0, 4.0]


def test_without_a_limit_nobody_waits() -> None:
    rate = RequestRate(RequestLimits(), seconds=lambda: 0.0)
    assert {rate.wait("ada") for _ in range(1_000)} == {0.0}
