"""A close dated 200 days ahead, withdrawn by two people on the real broker and database."""

import pytest

from services.cli.verify.commands import verified
from services.kit.approvals.proposals import DecisionOutcome, Step
from services.kit.settings import PlatformSettings
from services.scoring.application.borrower_queries import Viewer
from services.scoring.application.close_withdrawal import CloseWithdrawal
from tests.fakes.wire_events import START, booked, closed, paid, registered, scheduled
from tests.integration.kit.stream.members import until
from tests.integration.scoring.conftest import Feed, Run
from tests.integration.scoring.test_rulebooks_in_force import PEOPLE, states

pytestmark = pytest.mark.integration
EVERYTHING = Viewer(sees_everything=True)
ANA, BEN = Step(by="ana", reason="a wrong year"), Step(by="ben", reason="seen")
WRONG = 205
WAIT_SECONDS = 60


async def test_a_wrong_close_defaults_the_bank_until_two_people_withdraw_it(
    run: Run, feed: Feed, platform: PlatformSettings
) -> None:
    wrong_date = START.fromordinal(START.toordinal() + WRONG)
    log = [raw for name in PEOPLE for raw in (registered(name), booked(name), scheduled(name))]
    async with run() as scoring:
        await feed([*log, *(closed(day) for day in range(9))])
        assert (await verified(platform, "default", wait_seconds=WAIT_SECONDS)).verified
        assert await states(scoring.pool) == {"NORMAL"}
        await feed([closed(WRONG)])
        assert (await verified(platform, "default", wait_seconds=WAIT_SECONDS)).verified
        assert await states(scoring.pool) == {"DEFAULT"}

        approvals, kind = scoring.approvals, CloseWithdrawal.name
        proposal = await approvals.propose(kind, wrong_date.isoformat(), ANA)
        await approvals.decide(proposal.id, DecisionOutcome.APPROVED, BEN, digest=proposal.digest)

        async def is_healed() -> bool:
            return await states(scoring.pool) == {"NORMAL"}

        await until(is_healed)
        assert (await verified(platform, "default", wait_seconds=WAIT_SECONDS)).verified
        corrected = await scoring.pool.fetchval(
            "SELECT count(DISTINCT borrower_id) FROM scoring.assessment "
            "WHERE risk_state = 'NORMAL' AND event LIKE '%\"corrected\":true%'"
        )
        assert corrected == len(PEOPLE)
        await feed([paid(PEOPLE[0], 1, day=9), closed(9), closed(10)])
        assert (await verified(platform, "default", wait_seconds=WAIT_SECONDS)).verified
        as_of = START.fromordinal(START.toordinal() + 9)
        shown = await scoring.borrowers.assessment(PEOPLE[0], as_of=as_of, viewer=EVERYTHING)
        assert (shown.assessment.as_of, shown.assessment.state) == (as_of.toordinal(), "NORMAL")
