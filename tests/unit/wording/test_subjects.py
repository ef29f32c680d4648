"""What a signal is about, in three languages."""

import pytest

from services.contracts.assessment import SubjectV1
from services.wording.figures import Figures
from services.wording.messages import Language
from services.wording.reasons import ReasonSentences

ENGLISH, SPANISH, CHINESE = Language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (ENGLISH, "loan L-1, refinanced by loan L-2"),
        (SPANISH, "préstamo L-1, refinanciado por el préstamo L-2"),
        (CHINESE, "贷款L-1，已由贷款L-2再融资"),
    ],
)
def test_a_refinanced_loan_names_the_loan_that_refinanced_it(language: Language, text: str) -> None:
    subject = SubjectV1(kind="REFINANCED_LOAN", id="L-1", detail="L-2", evidence_event_ids=["e-1"])
    assert ReasonSentences(Figures(language), names_parties=True).subject(subject) == text
