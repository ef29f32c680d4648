"""The runbook's recoveries with the real worker, broker and database, each proved by `verify`.

Each entry of docs/runbook.md that repairs something is carried out by a test; the others are listed
with the reason. tests/architecture/test_runbook.py holds this table to the page.

Recoveries:

- TocsinBorrowerIsolated →
  tests/integration/scoring/test_isolation.py::test_an_isolated_borrower_is_verified_to_its_mark_and_resumes
- Partition stopped →
  tests/integration/scoring/test_runbook.py::test_rereading_from_the_start_applies_nothing_a_second_time
- Partition stopped: offset out of range →
  tests/integration/scoring/test_runbook.py::test_what_retention_took_is_sent_again_before_the_offset_is_set
- Partition stopped: topic recreated →
  tests/integration/scoring/test_runbook.py::test_a_recreated_topic_is_read_from_its_start
- Partition stopped: topic truncated →
  tests/integration/scoring/test_runbook.py::test_a_broker_restored_from_an_older_copy_goes_on_at_its_end
- Partition stopped: topic stopped →
  tests/integration/scoring/test_runbook.py::test_a_broker_restored_from_an_older_copy_goes_on_at_its_end
- Partition stopped: partitions changed →
  tests/integration/kit/stream/test_holes.py::test_another_number_of_partitions_stops_all_until_it_is_accepted
- Partition stopped: database restored →
  tests/integration/scoring/test_runbook.py::test_a_database_restored_from_a_backup_does_the_lost_work_again
- Partition stopped: too much poison →
  tests/integration/ingest/test_raw_topics.py::test_a_flood_of_bad_records_stops_the_topic_instead_of_draining_it
- Partition stopped: quarantine full →
  tests/integration/ingest/test_quarantine_room.py::test_a_raw_topic_without_room_stops_and_goes_on_once_there_is_some
- TocsinScoringQuarantine →
  tests/integration/scoring/test_quarantine.py::test_a_record_that_a_later_version_can_read_is_applied_at_the_end_of_the_log
- Partition stopped: too many isolated →
  tests/integration/scoring/test_runbook.py::test_a_version_that_folds_nobody_stops_and_the_repaired_one_goes_on
- Partition stopped: reference missing →
  tests/integration/scoring/test_rulebooks_in_force.py::test_a_rulebook_that_is_named_and_not_stored_stops_the_partition
- Partition stopped: sequence gap →
  tests/integration/alerts/test_assessments_become_alerts.py::test_many_borrowers_with_a_gap_stop_the_partition
- TocsinSequenceGap →
  tests/integration/alerts/test_a_running_service.py::test_a_gap_is_loud_and_closed_by_the_missing_assessment
- Verification failed →
  tests/integration/scoring/test_runbook.py::test_what_the_risk_topic_lost_is_resent_in_order
- A wrong day was closed →
  tests/integration/scoring/test_withdrawn_close.py::test_a_wrong_close_defaults_the_bank_until_two_people_withdraw_it
- Restoring from a backup →
  tests/integration/scoring/test_runbook.py::test_a_database_restored_from_a_backup_does_the_lost_work_again
- A core system is replaced →
  tests/integration/ingest/test_account_directory.py::test_two_people_hand_accounts_over_to_another_source
- TocsinQuarantineGrows →
  tests/integration/ingest/test_raw_topics.py::test_flows_of_an_unknown_account_leave_in_order_once_it_is_known
- TocsinWebhookEndpointDisabled →
  tests/integration/alerts/test_webhooks_are_delivered.py::test_ten_failures_exhaust_a_delivery_and_a_resend_starts_again

Entries without a recovery of data:

- TocsinPartitionStopped → leads to the entry of the reason.
- TocsinTimeStands → a diagnosis.
- TocsinIdReused → the owner of the source decides; nothing is repaired here.
- TocsinDataIncident → the missing rate is published; the next close counts again.
- TocsinControlEventWaits → two people decide
  (tests/integration/ingest/test_control_events_wait_for_two.py).
- TocsinEventsAreSlow → a diagnosis.
- TocsinLagGrows → a diagnosis.
- TocsinOutboxStuck → the broker is repaired.
- TocsinTimersOverdue → a diagnosis.
- TocsinTimerFailed → a diagnosis.
- TocsinDefaultCaseWithOneOwner → people name the second owner.
- TocsinWebhooksLate → a diagnosis.
- TocsinNotReady → a diagnosis.
- TocsinDown → the process is restarted; tests/chaos kills it.
- TocsinTransactionsFenced → a diagnosis.
- TocsinLoopBlocked → the process is restarted; tests/chaos kills it.
- TocsinBackgroundFailure → the process ends by itself and is restarted; tests/chaos kills it.
- TocsinErrorsOnHttp → a diagnosis.
- TocsinPdDrift → a judgement of modellers.
- Partition stopped: quarantine failed → the disk or the rights of the database are repaired.
- The clock closes no days → the time of a machine is corrected.
- Deploying a new version → nothing is repaired.
- Measuring sector stress → nothing is repaired.
- Revoking a key → nothing is repaired.
- Changing a service's database password → nothing is repaired
  (tests/integration/kit/test_logins.py).
- Checking the audit rows → evidence is not repaired.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx2
import pytest
from aiokafka.admin import RecordsToDelete
from aiokafka.structs import TopicPartition
from typer.testing import CliRunner

from services.cli.broker import connected
from services.cli.offsets.commands import app as offsets
from services.cli.verify.commands import verification, verified
from services.cli.verify.findings import VerifyVerdict
from services.cli.verify.verification import Verification
from services.kit.access.keys import Role
from services.kit.settings import PlatformSettings
from services.scoring import wiring
from services.scoring.adapters.codec import build_codec
from tests.conftest import CreateTopics, Servers
from tests.fakes.poisoned_codec import breaking_everybody
from tests.fakes.wire_events import booked, closed, registered, scheduled
from tests.integration.kit.stream.members import administrator, recreate_topic, until
from tests.integration.scoring.conftest import PARTITIONS, Feed, Run
from tests.integration.scoring.test_linked_borrowers import RING, guarantees, verified_with
from tests.integration.scoring.test_quarantine import client
from tests.integration.scoring.test_rulebooks_in_force import killed
from tests.integration.scoring.test_worker import PEOPLE, portfolio
from tests.integration.test_offsets_command import new_key

pytestmark = pytest.mark.integration


class Operator:
    """A person with the administrator's database URL and the `tocsin` commands."""

    def __init__(self, platform: PlatformSettings) -> None:
        self._platform = platform
        self._environment = {
            "TOCSIN_KAFKA_BOOTSTRAP": platform.kafka_bootstrap,
            "TOCSIN_DATABASE_URL": platform.dsn,
            "TOCSIN_TOPIC_PREFIX": platform.topic_prefix,
        }

    async def log_in(self) -> None:
        """Take a person's key with the role OPERATOR."""
        key = await asyncio.to_thread(new_key, self._platform.dsn, Role.OPERATOR, person="ada")
        self._environment["TOCSIN_API_KEY"] = key

    async def set_offset(self, partition: int, *where: str) -> dict[str, Any]:
        """Run `tocsin offsets set` for a partition of scoring, and return its answer."""
        arguments = ["set", "--consumer", "scoring", "--topic", self._platform.events_topic]
        arguments += ["--partition", str(partition), *where, "--reason", "INC-7", "--yes", "--json"]
        result = await asyncio.to_thread(
            CliRunner().invoke, offsets, arguments, env=self._environment
        )
        assert result.exit_code == 0, result.output
        answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
        return answer

    async def shown(self) -> list[dict[str, Any]]:
        """Return what `tocsin offsets show` lists."""
        result = await asyncio.to_thread(
            CliRunner().invoke, offsets, ["show", "--json"], env=self._environment
        )
        partitions: list[dict[str, Any]] = json.loads(result.stdout.splitlines()[-1])["partitions"]
        return partitions

    async def stored(self) -> dict[str, bytes]:
        """Return the stored state of every borrower."""
        connection = await asyncpg.connect(self._platform.dsn)
        try:
            rows = await connection.fetch("SELECT borrower_id, state FROM scoring.borrower")
        finally:
            await connection.close()
        return {row["borrower_id"]: row["state"] for row in rows}


def applied_of(events: Sequence[bytes]) -> int:
    """Return the number of ledger rows of these events: a close has one in each partition."""
    return len(events) + (PARTITIONS - 1) * sum(b"day.closed" in raw for raw in events)


async def lose_records(bootstrap: str, topic: str) -> None:
    """Delete all that is on a topic, as retention does."""
    async with connected(bootstrap) as broker:
        spans = await broker.all_spans(topic)
    async with administrator(bootstrap) as admin:
        await admin.delete_records(
            {
                TopicPartition(topic, number): RecordsToDelete(end)
                for number, (_, end) in spans.items()
            }
        )


async def administer(stack: Servers, *statements: str) -> None:
    """Run statements on another database of the server."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def operator(platform: PlatformSettings) -> Operator:
    person = Operator(platform)
    await person.log_in()
    return person


async def test_a_broker_restored_from_an_older_copy_goes_on_at_its_end(
    run: Run,
    feed: Feed,
    platform: PlatformSettings,
    operator: Operator,
    create_topics: CreateTopics,
) -> None:
    events = portfolio()
    await feed(events[:90])
    async with run():
        assert (await verified(platform, "default", wait_seconds=60)).verified
    # The copy lacks what came last; each partition ends before its position.
    await recreate_topic(
        platform.kafka_bootstrap,
        platform.events_topic,
        lambda: create_topics("events", partitions=PARTITIONS),
    )
    await feed(events[:40])
    async with run() as scoring:
        await until(lambda: scoring.consumer.stop_reasons() == {"topic_truncated"})
        changed = [await operator.set_offset(number, "--to-end") for number in range(1, PARTITIONS)]
        # One partition is still short, and those that are set wait for it.
        waiting = {"topic_truncated", "topic_stopped"}
        await until(lambda: scoring.consumer.stop_reasons() == waiting)
        changed.append(await operator.set_offset(0, "--to-end"))
        assert [(each["skipped"], each["read_again"]) for each in changed] == [(0, 0)] * PARTITIONS
        # What comes next gets offsets that other events had, day closes among them.
        await feed(events[90:])
        findings = await verified(platform, "default", wait_seconds=60)
    assert findings.differences == []
    assert findings.verified
    assert (findings.applied, findings.duplicates, findings.quarantined) == (
        applied_of(events),
        0,
        0,
    )
    assert [row["generation"] for row in await operator.shown()] == [1] * PARTITIONS


async def test_what_retention_took_is_sent_again_before_the_offset_is_set(
    run: Run, feed: Feed, platform: PlatformSettings, operator: Operator
) -> None:
    events = portfolio()
    await feed(events[:60])
    async with run():
        assert (await verified(platform, "default", wait_seconds=60)).verified
    await feed(events[60:90])
    await lose_records(platform.kafka_bootstrap, platform.events_topic)
    async with run() as scoring:
        await until(lambda: scoring.consumer.stop_reasons() == {"offset_out_of_range"})
        # From the sources: what is gone, and some that was applied.
        await feed(events[50:90])
        gone = [await operator.set_offset(number, "--to-start") for number in range(PARTITIONS)]
        await feed(events[90:])
        findings = await verified(platform, "default", wait_seconds=60)
    assert all(0 < changed["gone"] == changed["skipped"] for changed in gone)
    assert findings.differences == []
    assert findings.verified
    assert (findings.applied, findings.quarantined) == (applied_of(events), 0)
    assert findings.duplicates == applied_of(events[50:60])


async def test_a_recreated_topic_is_read_from_its_start(
    run: Run,
    feed: Feed,
    platform: PlatformSettings,
    operator: Operator,
    create_topics: CreateTopics,
) -> None:
    events = portfolio()
    await feed(events[:60])
    async with run():
        assert (await verified(platform, "default", wait_seconds=60)).verified
    await recreate_topic(
        platform.kafka_bootstrap,
        platform.events_topic,
        lambda: create_topics("events", partitions=PARTITIONS),
    )
    # The sources send everything again, in another order of the borrowers, and more.
    await feed([*reversed(events[:18]), *events[18:90]])
    async with run() as scoring:
        await until(lambda: scoring.consumer.stop_reasons() == {"topic_recreated"})

        async def is_stored() -> bool:
            return len((await verified(platform, "default")).stopped) == PARTITIONS

        # The reason is stored a moment after the partition has stopped.
        await until(is_stored)
        stopped = await verified(platform, "default")
        for number in range(PARTITIONS):
            await operator.set_offset(number, "--to-start")
        await feed(events[90:])
        findings = await verified(platform, "default", wait_seconds=60)
    assert findings.differences == []
    assert findings.verified
    assert (findings.applied, findings.quarantined) == (applied_of(events), 0)
    assert findings.duplicates == applied_of(events[:60])
    assert stopped.verdict is VerifyVerdict.NOT_VERIFIED
    assert stopped.stopped == [
        f"partition {number} is stopped: topic_recreated; see docs/runbook.md"
        "#partition-stopped-topic-recreated (tocsin offsets show)"
        for number in range(PARTITIONS)
    ]
    assert [row["generation"] for row in await operator.shown()] == [1] * PARTITIONS


async def test_a_database_restored_from_a_backup_does_the_lost_work_again(
    run: Run, feed: Feed, platform: PlatformSettings, operator: Operator, stack: Servers
) -> None:
    events = portfolio()
    await feed(events[:60])
    async with run():
        assert (await verified(platform, "default", wait_seconds=60)).verified
    name = urlsplit(platform.dsn).path.removeprefix("/")
    await administer(stack, f'CREATE DATABASE "{name}_backup" TEMPLATE "{name}"')
    await feed(events[60:])
    async with run():
        before = await verified(platform, "default", wait_seconds=60)
    states = await operator.stored()
    await administer(
        stack,
        f'DROP DATABASE "{name}" WITH (FORCE)',
        f'ALTER DATABASE "{name}_backup" RENAME TO "{name}"',
    )
    async with run() as scoring:
        await until(lambda: scoring.consumer.stop_reasons() == {"database_restored"})
        for row in await operator.shown():
            await operator.set_offset(row["partition"], "--to", str(row["position"]))
        after = await verified(platform, "default", wait_seconds=60)
    assert after.differences == []
    assert after.verified
    assert (after.applied, after.duplicates) == (before.applied, before.duplicates)
    assert await operator.stored() == states
    assert [row["generation"] for row in await operator.shown()] == [0] * PARTITIONS


async def test_what_the_risk_topic_lost_is_resent_in_order(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    events = portfolio()
    await feed(events[:60])
    async with run():
        assert (await verified(platform, "default", wait_seconds=60)).verified
    await lose_records(platform.kafka_bootstrap, platform.risk_topic)
    await feed(events[60:])
    operator = {"roles": frozenset({Role.OPERATOR})}
    async with run() as scoring, client(scoring, platform, **operator) as http:
        lossy = await verification(platform, "default", wait_seconds=60)
        assert "B-1: no risk event 1 comes after 0" in lossy.findings.differences
        assert "B-0: risk event 1 was never sent" in lossy.findings.differences
        assert set(lossy.missing()) == set(PEOPLE)
        resent = await resend_missing(http, lossy)
        findings = await verified(platform, "default", wait_seconds=60)
    assert findings.differences == []
    assert findings.verified
    # Assessments; of the reminders only those that were lost.
    assert resent >= findings.risk_events == lossy.findings.risk_events


async def resend_missing(http: httpx2.AsyncClient, run_of_verify: Verification) -> int:
    """Do what `tocsin borrowers resend --missing` does; return how many events leave."""
    resent = 0
    for borrower_id, span in run_of_verify.missing().items():
        body = {"from_sequence": span.sequence, "from_number": span.number, "reason": "INC-12"}
        answer = await http.post(f"/v1/borrowers/{borrower_id}/resend", json=body)
        page = answer.json()
        assert (answer.status_code, page["next_sequence"], page["next_number"]) == (202, None, None)
        resent += page["resent"]
    return resent


async def test_what_the_events_topic_lost_is_resent_to_linked_borrowers(
    run: Run, feed: Feed, platform: PlatformSettings, database_url: str
) -> None:
    people = [registered(name) for name in RING]
    links = [guarantees(guarantor, RING[0]) for guarantor in RING[1:]]
    await feed([*people, closed(0), closed(1)])
    async with run():
        assert (await verified(platform, "default", wait_seconds=60)).verified
    # The outbox loses what it was about to publish: the requests for the states of five guarantors.
    await feed(links)
    await killed(platform, "before-produce")
    await forget_outbox(database_url)
    operator = {"roles": frozenset({Role.OPERATOR})}
    async with run() as scoring, client(scoring, platform, **operator) as http:
        lossy = await verification(platform, "default", wait_seconds=60)
        lost = [each for each in lossy.findings.differences if each.endswith("is in no ledger")]
        assert lost == [
            f"told:B-0:{number} for B-{number} is in no ledger" for number in range(1, 6)
        ]
        assert lossy.missing()["B-0"].number == 1
        await resend_missing(http, lossy)
        findings = await verified_with(platform, 2 * len(links))
    assert findings.differences == []
    assert findings.verified


async def forget_outbox(database_url: str) -> None:
    """Delete what waits in the outbox, as nothing of ours does."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("DELETE FROM scoring.outbox")
    finally:
        await connection.close()


async def test_a_version_that_folds_nobody_stops_and_the_repaired_one_goes_on(
    run: Run, feed: Feed, platform: PlatformSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"B-{number}" for number in range(60)]
    events = [raw for name in names for raw in (registered(name), booked(name), scheduled(name))]
    events += [closed(day) for day in range(12)]
    await feed(events)
    with monkeypatch.context() as defect:
        defect.setattr(
            wiring, "build_codec", lambda zone: breaking_everybody(build_codec(zone), from_day=4)
        )
        async with run() as scoring:
            await until(lambda: scoring.consumer.stop_reasons() == {"too_many_isolated"})
            isolated = await scoring.isolated.listed(after="", limit=100)
    # The transaction that would have isolated one more was rolled back.
    assert len(isolated) <= 20 * PARTITIONS
    async with run() as scoring:
        for borrower in isolated:
            await scoring.isolated.resume(borrower.borrower_id, actor="ada", reason="repaired")

        async def is_nobody_isolated() -> bool:
            return await scoring.isolated.listed(after="", limit=10) == []

        await until(is_nobody_isolated)
        findings = await verified(platform, "default", wait_seconds=60)
    assert findings.differences == []
    assert findings.verified
    assert (findings.applied, findings.borrowers) == (applied_of(events), len(names))


async def test_rereading_from_the_start_applies_nothing_a_second_time(
    run: Run, feed: Feed, platform: PlatformSettings, operator: Operator
) -> None:
    await feed([*portfolio(), b"{not json", b'{"subject": "B-1"}'])
    async with run():
        before = await verified(platform, "default", wait_seconds=60)
    assert before.verified
    assert before.quarantined == 2
    states = await operator.stored()
    for partition in range(PARTITIONS):
        changed = await operator.set_offset(partition, "--to-start")
        assert changed["read_again"] > 0
    async with run():
        after = await verified(platform, "default", wait_seconds=60)
    assert after.differences == []
    assert after.verified
    assert (after.applied, after.quarantined) == (before.applied, before.quarantined)
    # Each record was offered a second time, and was a duplicate.
    assert after.offered == 2 * before.offered
    assert after.duplicates == before.offered + before.duplicates
    assert after.offered == after.applied + after.duplicates + after.quarantined
    assert await operator.stored() == states
