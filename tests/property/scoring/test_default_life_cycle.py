"""State and labels never contradict each other, and nothing but money and people improves them.

A label gets better by the borrower's money, by the end of a cure whose payments were made, by a
correction of evidence, a statute, a court, a bureau or two people; by nothing else.
"""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.property.scoring.default_histories import Step, faults_of, lives

SEGMENTS = ("RETAIL", "MICRO", "SME", "CORPORATE")


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(lives, st.sampled_from(SEGMENTS))
def test_default_in_every_life(life: list[Step], segment: str) -> None:
    assert faults_of(life, segment) == []
