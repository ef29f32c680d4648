"""A quick number of the histories that `make histories` plays by the ten thousand."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.histories.happenings import Drawn, histories
from tests.histories.play import play


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(histories, st.integers(0, 2**32 - 1))
def test_every_history_ends_the_same_however_it_arrived(drawn: list[Drawn], chance: int) -> None:
    assert play(drawn, chance).failures == []


def test_a_history_with_a_wrong_first_event_is_among_them() -> None:
    # A payment of 400 on the eighth day, ten days late, after one of 401 by mistake, taken back.
    played = play([(0, 400, 8, 10, 6)], 1)
    assert played.failures == []
    assert played.counts["came in good order"] == 0
