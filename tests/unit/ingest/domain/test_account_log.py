"""The account directory is a function of the log: the order of arrival changes nothing."""

from datetime import UTC, datetime
from itertools import permutations

from services.ingest.domain.account_log import (
    AccountAssignment,
    HandedOver,
    directory_of,
    newest_by_account,
)


def assignment(
    borrower: str, *, hour: int, source: str = "core", account: str = "AC-1"
) -> AccountAssignment:
    moment = datetime(2026, 3, 1, hour, tzinfo=UTC)
    return AccountAssignment(account, borrower, source, moment, f"reg-{borrower}")


def test_the_newest_event_time_counts_in_every_order() -> None:
    assignments = [
        assignment("B-1", hour=1),
        assignment("B-3", hour=3),
        assignment("B-2", hour=2),
        assignment("B-9", hour=9, account="AC-2"),
    ]
    for order in permutations(assignments):
        assert newest_by_account(order, owners={}) == {
            "AC-1": assignments[1],
            "AC-2": assignments[3],
        }


def test_of_two_events_of_one_moment_the_greater_id_is_newer() -> None:
    first, second = assignment("B-1", hour=1), assignment("B-2", hour=1)
    for order in permutations([first, second]):
        assert newest_by_account(order, owners={})["AC-1"] == second


def test_a_handover_gives_the_account_with_its_borrower_to_the_next_source() -> None:
    ours, later = assignment("B-1", hour=3), assignment("B-2", hour=5, source="next")
    # The next source repeats an old registration: the newest of both still counts.
    older = assignment("B-0", hour=1, source="next")
    foreign = assignment("B-9", hour=9, source="other")
    given = HandedOver("AC-1", "core", "next", datetime(2026, 3, 1, 4, tzinfo=UTC))
    for order in permutations([ours, older, foreign]):
        assert directory_of(order, [given])["AC-1"] == ours._replace(source="next")
    for order in permutations([ours, older, later]):
        assert directory_of(order, [given])["AC-1"] == later
    back = HandedOver("AC-1", "next", "core", datetime(2026, 3, 1, 6, tzinfo=UTC))
    for handovers in ([given, back], [back, given]):
        assert directory_of([ours, later], handovers)["AC-1"] == later._replace(source="core")
    assert directory_of([ours], [])["AC-1"] == ours


def test_the_source_of_the_oldest_event_owns_an_account_unless_it_is_known() -> None:
    ours, theirs = assignment("B-1", hour=1), assignment("B-2", hour=2, source="other")
    for order in permutations([ours, theirs]):
        assert newest_by_account(order, owners={})["AC-1"] == ours
        assert newest_by_account(order, owners={"AC-1": "other"})["AC-1"] == theirs
        assert newest_by_account(order, owners={"AC-1": "third"}) == {}
