"""Every indicator says where it belongs."""

import pytest

from services.scoring.domain.indicators.declaration import Theme, indicator, single
from services.scoring.domain.indicators.registry import ALL, BY_ID
from services.scoring.domain.primitives.measurement import Unit
from services.scoring.domain.rulebook.classification import FACTORS, STAGES, TRIGGERS
from services.scoring.domain.rulebook.rulebook import REPAYMENT, Indicator


@pytest.mark.parametrize("declared", ALL, ids=lambda declared: declared.id)
def test_it_has_a_factor_a_trigger_class_and_a_stage(declared: Indicator) -> None:
    classification = declared.classification
    assert classification.factor in FACTORS
    assert classification.trigger in TRIGGERS
    assert classification.stage in STAGES


def test_every_factor_trigger_class_and_stage_has_indicators() -> None:
    classifications = [declared.classification for declared in ALL]
    assert {classification.factor for classification in classifications} == set(FACTORS)
    assert {classification.trigger for classification in classifications} == set(TRIGGERS)
    assert {classification.stage for classification in classifications} == set(STAGES)


@pytest.mark.parametrize(
    ("indicator_id", "factor", "trigger", "stage"),
    [
        ("R-01", "RECORD", "PAYMENT", "COLLECTION"),
        ("R-07", "WILLINGNESS", "PAYMENT", "COLLECTION"),
        ("A-12", "WILLINGNESS", "CONDUCT", "DISBURSEMENT"),
        ("A-20", "PERFORMANCE", "FINANCIAL", "MONITORING"),
        ("F-05", "CAPACITY", "FINANCIAL", "APPROVAL"),
        ("F-08", "FINANCE", "FINANCIAL", "APPROVAL"),
    ],
)
def test_examples(indicator_id: str, factor: str, trigger: str, stage: str) -> None:
    classification = BY_ID[indicator_id].classification
    assert (classification.factor, classification.trigger, classification.stage) == (
        factor,
        trigger,
        stage,
    )


def test_an_indicator_without_a_place_is_refused() -> None:
    declare = indicator(
        "R-20", "Nowhere", Theme(REPAYMENT, "none", "NONE"), single(Unit.DAYS), reads=0
    )
    with pytest.raises(ValueError, match="does not state where it belongs"):
        declare(BY_ID["R-01"].measure)
