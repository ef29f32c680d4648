"""What waits for a person without an alert is listed in three languages and counted by kind."""

import json
from datetime import UTC, datetime

from services.alerts.decisions.adapters.card_texts import digest_item
from services.alerts.primitives.vocabulary import Level, RiskState
from tests.fakes.alerts_http import OFFICER, client
from tests.fakes.alerts_in_memory import NOW, InMemoryAlerts, an_alert
from tests.fakes.assessments import assessment, contributor, document
from tests.fakes.clock import ManualClock

CONDUCT = contributor(
    "F-01", Level.AMBER, factor="WILLINGNESS", trigger="CONDUCT", stage="MONITORING"
)


def test_the_digest_counts_borrowers_by_factor_trigger_class_and_stage() -> None:
    alerts = InMemoryAlerts(an_alert("a1", "B-9"), clock=ManualClock(NOW))
    alerts.digested = [
        digest_item(json.dumps(document(summary)))
        for summary in (
            assessment(RiskState.NORMAL, contributor("R-01"), contributor("R-04"), CONDUCT),
            assessment(RiskState.NORMAL, contributor("R-03"), borrower_id="b-2"),
            assessment(RiskState.NORMAL, borrower_id="b-3", tasks=("SMALL_ARREARS",)),
        )
    ]
    since = datetime(2026, 3, 1, tzinfo=UTC).isoformat()
    answer = client(alerts).get(
        "/v1/digest", params={"since": since}, headers={"Authorization": f"Bearer {OFFICER}"}
    )
    digest = answer.json()
    assert [item["borrower_id"] for item in digest["items"]] == ["b-1", "b-2", "b-3"]
    assert digest["by_factor"] == {"RECORD": 2, "WILLINGNESS": 1}
    assert digest["by_trigger"] == {"CONDUCT": 1, "PAYMENT": 2}
    assert digest["by_stage"] == {"COLLECTION": 2, "MONITORING": 1}
    assert digest["items"][2]["tasks"] == ["SMALL_ARREARS"]
    assert set(digest["items"][2]["texts"]) == {"en", "es", "zh"}
