"""How long a stall is: without the outages of servers, and since the last thing that was done."""

from tests.chaos.watch import cut_at, without


def test_what_lies_in_an_outage_is_no_stall() -> None:
    assert without((10.0, 30.0), [(12.0, 20.0)]) == [(10.0, 12.0), (20.0, 30.0)]
    assert without((10.0, 30.0), [(5.0, 12.0), (25.0, 40.0)]) == [(12.0, 25.0)]
    assert without((10.0, 30.0), [(5.0, 40.0)]) == []
    assert without((10.0, 30.0), [(31.0, 40.0), (1.0, 9.0)]) == [(10.0, 30.0)]


def test_outages_that_overlap_count_once() -> None:
    assert without((0.0, 10.0), [(2.0, 6.0), (4.0, 7.0)]) == [(0.0, 2.0), (7.0, 10.0)]


def test_each_fault_begins_a_recovery_of_its_own() -> None:
    assert cut_at((0.0, 10.0), [2.0, 9.0, 11.0]) == [(0.0, 2.0), (2.0, 9.0), (9.0, 10.0)]
    assert cut_at((0.0, 10.0), []) == [(0.0, 10.0)]
