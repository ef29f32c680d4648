"""Linked events go over the real topic, across partitions, and are verified."""

import asyncio

import pytest

from services.cli.verify.commands import verified
from services.cli.verify.findings import VerifyFindings
from services.kit.settings import PlatformSettings
from tests.fakes.wire_events import closed, event, registered
from tests.integration.scoring.conftest import Feed, Run

pytestmark = pytest.mark.integration

# By their keys these are on both partitions.
RING = tuple(f"B-{number}" for number in range(6))


def guarantees(guarantor: str, borrower: str) -> bytes:
    return event(
        "guarantor.linked",
        borrower,
        f"{guarantor}-for-{borrower}",
        day=0,
        guarantor_borrower_id=guarantor,
        coverage_amount="5000.00",
        currency="EUR",
        effective_date="2026-01-01",
    )


def insolvent(borrower: str) -> bytes:
    return event(
        "external-delinquency.reported",
        borrower,
        f"{borrower}-insolvent",
        day=2,
        report_date="2026-01-06",
        reporter="court",
        kind="INSOLVENCY",
    )


async def test_a_ring_of_guarantors_talks_once_round_and_is_verified(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    pairs = zip(RING, (*RING[1:], RING[0]), strict=True)
    links = [guarantees(guarantor, borrower) for guarantor, borrower in pairs]
    people = [registered(name) for name in RING]
    await feed([*people, *links, closed(0), closed(1)])
    async with run() as scoring:
        # Linked events come back over the topic after their cause was applied.
        await verified_with(platform, 2 * len(RING))
        await feed([insolvent(RING[0]), closed(2)])
        findings = await verified_with(platform, 2 * len(RING) + 1)
        states = await scoring.pool.fetch("SELECT borrower_id, risk_state FROM scoring.borrower")
    assert findings.differences == []
    assert findings.verified
    fed = len(people) + len(links) + 1 + 3 * 2  # each close is on both partitions
    assert findings.offered == findings.applied == fed + findings.linked_events
    by_name = {row["borrower_id"]: row["risk_state"] for row in states}
    assert (by_name["B-0"], by_name["B-1"]) == ("DEFAULT", "WATCH")
    assert {by_name[name] for name in RING[2:]} == {"NORMAL"}


async def verified_with(platform: PlatformSettings, number: int) -> VerifyFindings:
    """Return the findings once this number of linked events was applied and none is pending."""
    async with asyncio.timeout(60):
        while True:
            findings = await verified(platform, "default", wait_seconds=30)
            if findings.linked_events >= number and not findings.waiting:
                return findings
            await asyncio.sleep(0.1)
