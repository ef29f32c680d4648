"""An isolated borrower on the real broker and database: verified up to its mark, then resumed."""

from collections.abc import Iterator

import asyncpg
import pytest

from services.cli.verify.commands import verified
from services.kit.settings import PlatformSettings
from services.scoring import wiring
from services.scoring.adapters.codec import build_codec
from services.scoring.application.borrower_queries import Viewer
from services.scoring.application.isolated_borrowers import IsolatedBorrower, NotIsolated
from services.scoring.application.portfolio_queries import BorrowerFilter
from tests.fakes.poisoned_codec import breaking_event, breaking_state
from tests.fakes.wire_events import START
from tests.integration.kit.stream.members import until
from tests.integration.scoring.conftest import Feed, Run
from tests.integration.scoring.test_worker import PEOPLE, portfolio

pytestmark = pytest.mark.integration

EVERYTHING = Viewer(sees_everything=True)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A version that cannot fold an event of B-3 and cannot write B-5 once a day is closed."""
    with monkeypatch.context() as defect:
        defect.setattr(
            wiring,
            "build_codec",
            lambda zone: breaking_state(
                breaking_event(build_codec(zone), "B-3-failed-25"),
                "B-5",
                from_day=START.toordinal() + 12,
            ),
        )
        yield defect


async def test_an_isolated_borrower_is_verified_to_its_mark_and_resumes(
    run: Run,
    feed: Feed,
    platform: PlatformSettings,
    database_url: str,
    broken: pytest.MonkeyPatch,
) -> None:
    events = portfolio()
    applied = len(events) + sum(b"day.closed" in raw for raw in events)
    await feed(events[:90])
    async with run():
        await verified(platform, "default", wait_seconds=60)
    await feed(events[90:])
    async with run() as scoring:
        findings = await verified(platform, "default", wait_seconds=60)
        isolated = await scoring.isolated.listed(after="", limit=10)
        now = await scoring.borrowers.assessment("B-3", as_of=None, viewer=EVERYTHING)
        healthy = await scoring.borrowers.assessment("B-1", as_of=None, viewer=EVERYTHING)
        near = await scoring.portfolio.near_triggers(BorrowerFilter(), viewer=EVERYTHING)
    assert findings.differences == []
    assert findings.verified
    assert (findings.isolated, findings.quarantined) == (2, 0)
    assert findings.unfolded == sum(each.waiting for each in isolated) > 0
    assert findings.applied + findings.unfolded == applied
    assert [(each.borrower_id, each.reason.split(":")[0]) for each in isolated] == [
        ("B-3", "IndexError"),
        ("B-5", "Poison"),
    ]
    # Queries show what was folded last, and since when the borrower is isolated.
    assert now.isolated_since == isolated[0].isolated_at
    assert now.assessment.as_of == START.toordinal() + 24
    assert healthy.isolated_since is None
    assert near.isolated == {each.borrower_id: each.isolated_at for each in isolated}
    assert healthy.assessment.as_of == START.toordinal() + 59
    broken.undo()
    await _resume(run, platform, applied)
    await _resumes_are_audited(database_url, isolated)


async def _resumes_are_audited(database_url: str, isolated: list[IsolatedBorrower]) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("SELECT * FROM scoring.borrower_resume ORDER BY resume_id")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE scoring.borrower_resume SET requested_by = 'eva'")
    finally:
        await connection.close()
    assert [(row["borrower_id"], row["requested_by"], row["reason"]) for row in rows] == [
        ("B-3", "ada", "repaired"),
        ("B-5", "ada", "repaired"),
    ]
    assert [
        (row["partition"], row["folded_to"], row["isolated_at"], row["isolated_reason"])
        for row in rows
    ] == [(each.partition, each.folded_to, each.isolated_at, each.reason) for each in isolated]
    # Links of a hash chain.
    assert [(row["audit_number"], len(row["audit_hash"])) for row in rows] == [(1, 32), (2, 32)]


async def _resume(run: Run, platform: PlatformSettings, applied: int) -> None:
    async with run() as scoring:
        with pytest.raises(NotIsolated):
            await scoring.isolated.resume("B-1", actor="ada", reason="none")
        for name in ("B-3", "B-5"):
            await scoring.isolated.resume(name, actor="ada", reason="repaired")

        async def is_nobody_isolated() -> bool:
            return await scoring.isolated.listed(after="", limit=10) == []

        await until(is_nobody_isolated)
        findings = await verified(platform, "default", wait_seconds=60)
    assert findings.differences == []
    assert findings.verified
    assert (findings.isolated, findings.unfolded, findings.borrowers) == (0, 0, len(PEOPLE))
    assert findings.applied == applied
