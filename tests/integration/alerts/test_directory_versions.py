"""Versions of the directory on a real PostgreSQL: one line of versions, whoever races."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from services.alerts.directory.adapters.directory_document import DirectoryDocument
from services.alerts.directory.adapters.directory_reader import plain, read_directory
from services.alerts.directory.adapters.directory_store import (
    PostgresDirectories,
    PostgresOrganisations,
)
from services.alerts.directory.application.directory_registry import (
    DirectoryApproval,
    DirectoryRegistry,
    SubmittedDirectory,
)
from services.alerts.directory.domain.organisation_faults import InvalidDirectory
from services.alerts.directory.domain.working_calendar import WorkingCalendar
from services.alerts.directory.entrypoints.people_api import draft_of
from services.alerts.primitives.errors import VersionConflict
from services.alerts.primitives.vocabulary import OwnerKind
from services.kit.access import persons
from services.kit.access.persons import StoredPerson
from services.kit.approvals.proposals import DecisionOutcome, ProposalConflict, Step
from services.kit.approvals.tables import ApprovalTable
from services.kit.approvals.workflow import Approvals
from services.kit.database import PostgresDatabase
from tests.fakes.assessments import MONDAY
from tests.fakes.clock import ManualClock
from tests.fakes.directory_example import example

pytestmark = pytest.mark.integration

BANK_CALENDAR = WorkingCalendar(timezone=ZoneInfo("Europe/Berlin"))
EXAMPLE = read_directory(example())
SAM, KIM = Step(by="sam", reason="as agreed"), Step(by="kim", reason="compared")


class Registries:
    """The directory as one process of alerts has it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        clock = ManualClock(MONDAY)
        database, directories = PostgresDatabase(pool), PostgresDirectories(clock)
        self.approvals = Approvals(
            database=database,
            repository=ApprovalTable(schema="alerts"),
            kinds=[DirectoryApproval(directories)],
            clock=clock,
        )
        self.registry = DirectoryRegistry(
            database=database,
            repository=directories,
            approvals=self.approvals,
            routed_queues=frozenset(),
        )
        self.organisations = PostgresOrganisations(pool, bank_calendar=BANK_CALENDAR)

    async def submit(self, document: DirectoryDocument, version: int) -> SubmittedDirectory:
        return await self.registry.submit(draft_of(document), expected_version=version, step=SAM)

    async def activate(self, document: DirectoryDocument, version: int) -> None:
        submitted = await self.submit(document, version)
        assert submitted.proposal_id is not None
        await self.approve(submitted.proposal_id)

    async def approve(self, number: int) -> None:
        proposal = await self.approvals.find(number)
        await self.approvals.decide(number, DecisionOutcome.APPROVED, KIM, digest=proposal.digest)


@pytest.fixture
async def office(pool: asyncpg.Pool, database_url: str) -> Registries:
    administrator = await asyncpg.connect(database_url)
    for name in (*EXAMPLE.people, KIM.by):
        person = StoredPerson(person_id=name, display_name=name, created_at=MONDAY)
        assert await persons.create(administrator, person)
    await administrator.close()
    return Registries(pool)


def edited(person: str, **fields: Any) -> DirectoryDocument:
    values = plain(EXAMPLE)
    people = {**values["people"], person: {**values["people"][person], **fields}}
    return DirectoryDocument.model_validate({**values, "people": people})


async def test_two_people_activate_and_every_process_reads_it(
    office: Registries, pool: asyncpg.Pool
) -> None:
    elsewhere = PostgresOrganisations(pool, bank_calendar=BANK_CALENDAR)
    before = await elsewhere.current()
    assert before.is_empty
    assert before.calendar_of(OwnerKind.OFFICER, "0017") == BANK_CALENDAR
    await office.activate(EXAMPLE, 0)
    organisation = await elsewhere.current()
    assert organisation.version == 1
    responsible = organisation.responsible(OwnerKind.OFFICER, "0017", on=date(2026, 12, 24))
    assert responsible.because == "substitute of ana, absent until 2027-01-04"
    assert await elsewhere.current() is organisation
    # Who takes over from ana while she is absent reads her borrowers then.
    rights = await pool.fetch("SELECT person_id, reason FROM access.row_right")
    assert ("ana", "own") in {tuple(row) for row in rights}
    assert "substitute of ana" in {row["reason"] for row in rights}


async def test_the_activation_says_who_may_decide_about_whose_proposals(
    office: Registries, database_url: str
) -> None:
    await office.activate(EXAMPLE, 0)
    administrator = await asyncpg.connect(database_url)
    relations = await administrator.fetch(
        "SELECT person_id, related_id FROM access.person_relation ORDER BY 1, 2"
    )
    limits = await administrator.fetch(
        "SELECT person_id, amount, currency FROM access.approval_limit"
    )
    await administrator.close()
    assert [tuple(row) for row in relations] == [
        ("ana", "ben"),
        ("ben", "ana"),
        ("rita", "ana"),
        ("rita", "ben"),
        ("rita", "sam"),
        ("rita", "wei"),
        ("sam", "ana"),
        ("sam", "ben"),
        ("sam", "rita"),
    ]
    assert [tuple(row) for row in limits] == [("sam", Decimal(250000), "EUR")]


async def test_a_step_reads_the_version_of_its_own_transaction(
    office: Registries, pool: asyncpg.Pool
) -> None:
    await office.activate(EXAMPLE, 0)
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        assert (await office.organisations.current(connection)).version == 1
        await office.submit(edited("ben", language="es"), 1)
        assert (await office.organisations.current()).version == 2
        assert (await office.organisations.current(connection)).version == 1
    assert (await office.organisations.current()).version == 2


async def test_of_changes_that_race_one_takes_effect(
    office: Registries, pool: asyncpg.Pool
) -> None:
    await office.activate(EXAMPLE, 0)
    languages = ("es", "zh", "en")
    documents = [edited("ben", language=language, name=language) for language in languages]
    answers = await asyncio.gather(
        *(Registries(pool).submit(document, 1) for document in documents), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, VersionConflict)]
    assert len(refused) == 2
    rows = await pool.fetch("SELECT version, follows FROM alerts.directory_activation ORDER BY 1")
    assert [tuple(row) for row in rows] == [(1, None), (2, 1)]


async def test_a_proposal_that_was_overtaken_cannot_be_approved(office: Registries) -> None:
    await office.activate(EXAMPLE, 0)
    waiting = await office.submit(edited("ben", substitutes=["sam"]), 1)
    await office.submit(edited("ben", language="es"), 1)
    assert waiting.proposal_id is not None
    with pytest.raises(ProposalConflict):
        await office.approve(waiting.proposal_id)


async def test_the_tables_alone_refuse_two_successors_and_changes(
    office: Registries, pool: asyncpg.Pool, database_url: str
) -> None:
    await office.activate(EXAMPLE, 0)
    waiting = await office.submit(edited("ben", substitutes=["sam"]), 1)
    await office.submit(edited("ben", language="es"), 1)
    insert = """INSERT INTO alerts.directory_activation VALUES ($1, $2, 'r', 'eve', now())"""
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute(insert, waiting.version, 1)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await pool.execute(insert, waiting.version, 3)
    administrator = await asyncpg.connect(database_url)
    for statement in (
        "UPDATE alerts.directory_version SET document = '{}'",
        "DELETE FROM alerts.directory_activation",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await administrator.execute(statement)
    await administrator.close()


async def test_a_person_whom_nobody_created_is_refused(
    pool: asyncpg.Pool, office: Registries
) -> None:
    values = plain(EXAMPLE)
    people = {**values["people"], "eve": {"name": "Eve", "roles": ["OFFICER"]}}
    document = DirectoryDocument.model_validate({**values, "people": people})
    with pytest.raises(InvalidDirectory) as caught:
        await office.submit(document, 0)
    assert [fault.path for fault in caught.value.faults] == ["people.eve"]
    assert await pool.fetchval("SELECT count(*) FROM alerts.directory_version") == 0


async def test_what_was_active_at_each_moment_stays_readable(office: Registries) -> None:
    await office.activate(EXAMPLE, 0)
    await office.submit(edited("ben", language="es"), 1)
    versions = await office.registry.listed(before=None, limit=10)
    assert [(each.version, each.follows, each.activated_by) for each in versions] == [
        (2, 1, "sam"),
        (1, None, "kim"),
    ]
    assert [each.created_by for each in versions] == ["sam", "sam"]
    assert all(each.reason == "as agreed" for each in versions)
