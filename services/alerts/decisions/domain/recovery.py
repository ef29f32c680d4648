"""Decides when the reasons of an alert have recovered, so that an untouched one may end.

A reason has recovered when its indicator was measured green for the dwell time. Stale or missing
data are no recovery: the time begins again when the indicator is measured next. A finding or a
covenant needs a person, whatever comes after it.
"""

from collections.abc import Mapping
from datetime import date

from services.alerts.decisions.domain.assessment import FOR_A_PERSON, AssessmentSummary

# Since when each indicator that was lit under the open alert is measured green; None: it is not.
GreenSince = Mapping[str, date | None]


def green_since(before: GreenSince, assessment: AssessmentSummary) -> GreenSince:
    """Returns the reasons of the open alert after an assessment, its new ones included."""
    lit = {contributor.indicator for contributor in assessment.contributors}
    return {
        indicator: (before.get(indicator) or assessment.as_of)
        if indicator in assessment.measured_green and indicator not in FOR_A_PERSON
        else None
        for indicator in sorted({*before, *lit})
    }


def is_recovered(reasons: GreenSince, *, as_of: date, dwell_days: int) -> bool:
    """Returns whether every reason was measured green for the dwell time; False without any."""
    return bool(reasons) and all(
        since is not None and (as_of - since).days >= dwell_days for since in reasons.values()
    )
