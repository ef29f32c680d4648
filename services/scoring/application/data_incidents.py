"""Reports borrowers of whom a hard figure cannot be formed any more, to operations.

The fold marks them with a flag and goes by a stricter figure; people publish what is missing.
Called wherever assessments are stored.
"""

from collections.abc import Iterable
from typing import Final

import structlog

from services.kit.metrics import Recorder
from services.scoring import metrics
from services.scoring.domain.assess.assessment import Assessment

log = structlog.get_logger(__name__)

FLAG: Final = "DATA_INCIDENT"


def report(assessments: Iterable[Assessment], recorder: Recorder) -> None:
    """Counts and logs the assessments that begin a data incident."""
    for assessment in assessments:
        if not _begins(assessment):
            continue
        recorder.add(metrics.DATA_INCIDENTS)
        log.warning(
            "fold.data_incident_began",
            borrower_id=assessment.borrower_id,
            unmeasurable=[f"{gap.indicator} {gap.reason}" for gap in assessment.unmeasurable],
        )


def _begins(assessment: Assessment) -> bool:
    if FLAG not in assessment.flags:
        return False
    is_new = any(change.kind == "FLAG" and change.after == FLAG for change in assessment.changes)
    return is_new or assessment.sequence == 1
