"""The ledger, replayed as a history under the rulebook in force, gives the stored states."""

from zoneinfo import ZoneInfo

import pytest

from services.cli.rulebook.ledger_history import merged
from services.cli.verify.commands import verified
from services.cli.verify.stored import snapshot
from services.kit.settings import PlatformSettings
from services.scoring.adapters.offline import OfflineScorer, OfflineSettings
from services.scoring.adapters.rulebook_reader import load_rulebook
from services.scoring.adapters.state_bytes import encode
from tests.fakes.wire_events import closed, failed, paid
from tests.integration.scoring.conftest import Feed, Run
from tests.integration.scoring.test_rulebooks_in_force import PEOPLE, WAIT_SECONDS, opening

pytestmark = pytest.mark.integration


async def test_replaying_the_ledger_gives_the_stored_states(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    # The failed debit of day 3 arrives after day 8 was closed.
    late = [failed("B-1", 1, day=3), paid("B-2", 2, day=9, amount="100.00")]
    async with run():
        await feed([*opening(), *late, *(closed(day) for day in range(9, 12))])
        assert (await verified(platform, "default", wait_seconds=WAIT_SECONDS)).verified
    zone = ZoneInfo(platform.bank_timezone)
    rulebook = load_rulebook("default")
    fold = OfflineScorer(rulebook, OfflineSettings(zone=zone, closes_days=False, is_log=True))
    async with snapshot(platform.dsn) as stored:
        partitions = await stored.ledger_partitions()
        lines = [line async for line in merged(stored, partitions)]
        for _ in fold.fold_lines(lines):
            pass
        states = {
            row["borrower_id"]: row["state"]
            for partition in partitions
            async for row in stored.states(partition)
        }
    assert set(states) == set(PEOPLE)
    assert {name: encode(borrower) for name, borrower in fold.borrowers.items()} == states
    # The ledger has every close once a partition; it is folded once.
    assert fold.counts.duplicates == 12 * (len(partitions) - 1)
