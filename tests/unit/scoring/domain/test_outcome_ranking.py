"""The area under the curve and what is left at a share of false alarms, by hand."""

import math

import pytest

from services.scoring.domain.portfolio.outcomes import Scored, rank, recall_at


def rows(bad: list[float], good: list[float]) -> list[Scored]:
    return [Scored(f"b{n}", figure, True) for n, figure in enumerate(bad)] + [
        Scored(f"g{n}", figure, False) for n, figure in enumerate(good)
    ]


def test_the_area_is_the_share_of_pairs_in_the_right_order_ties_counting_half() -> None:
    # Pairs: (3 beats 1, 2), (2 beats 1, ties with 2): 3.5 of 4.
    assert rank(rows([3, 2], [1, 2])).auc == pytest.approx(3.5 / 4)


def test_without_clusters_the_error_is_delongs() -> None:
    # Placements of the bad: 1 and .75; of the good 1 and .75. Variances .03125 each, by 2 and 2.
    ranking = rank(rows([3, 2], [1, 2]))
    assert ranking.auc is not None
    assert ranking.low is not None
    error = math.sqrt(0.03125 / 2 + 0.03125 / 2)
    assert ranking.low == pytest.approx(ranking.auc - 1.959964 * error)


def test_rows_of_one_borrower_count_as_one_witness() -> None:
    alone = rank(rows([3, 1.5, 2.5], [1, 2, 0.5]))
    again = rank([row for row in rows([3, 1.5, 2.5], [1, 2, 0.5]) for _ in range(4)])
    assert again.auc == pytest.approx(alone.auc)
    assert again.low == pytest.approx(alone.low)


def test_recall_is_counted_above_a_cut_that_few_healthy_rows_pass() -> None:
    good = [float(number) for number in range(100)]
    # 5 of 100 lie above 94; of the failing 96 and 200 do.
    assert recall_at([50.0, 94.0, 96.0, 200.0], good, 0.05) == 0.5


def test_one_kind_of_rows_gives_no_area() -> None:
    assert rank(rows([1], [])).auc is None
