"""Keys are good only when known, matching, in time and not revoked; the cache forgets soon."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from services.kit.access import keys
from services.kit.access.keys import Role, StoredKey
from services.kit.access.row_rights import RightKind, RowRight
from services.kit.access.store import Grant
from services.kit.http.auth import KeyAuthenticator, Principal, deciding_person
from services.kit.http.problems import Problem
from tests.fakes.clock import ManualClock

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "A" * 43
KEY_ID = "abcdefghijkl"
TEXT = f"tsk_{KEY_ID}_{SECRET}"
STORED = StoredKey(
    id=KEY_ID,
    secret_sha256=keys.secret_sha256(SECRET),
    name="Olga Officer",
    roles=frozenset({Role.OFFICER}),
    sources=(),
    may_send=("*",),
    person_id="olga",
    officer_id="officer-7",
    branch_ids=(),
    created_at=NOW - timedelta(days=1),
    expires_at=NOW + timedelta(days=1),
    revoked_at=None,
)


class KeyTable:
    """The table of keys in memory, which counts its queries."""

    def __init__(self, stored: StoredKey | None) -> None:
        self.stored = stored
        self.rights: tuple[RowRight, ...] = ()
        self.is_away = False
        self.queries = 0

    async def fetchrow(self, _query: str, *args: Any) -> Any:
        self.queries += 1
        if self.is_away:
            raise ConnectionError("no database")
        if self.stored is None or args[0] != self.stored.id:
            return None
        return {name: getattr(self.stored, name) for name in StoredKey.__slots__}

    async def fetch(self, _query: str, *args: Any) -> list[Any]:
        rights = [right for right in self.rights if right.person_id == args[0]]
        return [{name: getattr(right, name) for name in RowRight.__slots__} for right in rights]

    async def execute(self, _query: str, *_args: Any) -> str:
        return ""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def test_a_valid_key_names_the_caller(clock: ManualClock) -> None:
    principal = await KeyAuthenticator(KeyTable(STORED), clock=clock).authenticate(TEXT)
    assert principal is not None
    assert (principal.id, principal.person_id, principal.actor) == (KEY_ID, "olga", "olga")
    assert principal.officer_id == "officer-7"
    assert principal.has(Role.RISK, Role.OFFICER)
    assert not principal.has(Role.RISK)


def right(kind: RightKind, granted_id: str, **changes: Any) -> RowRight:
    fields = {"person_id": "olga", "kind": kind, "granted_id": granted_id, "reason": "stands in"}
    return RowRight(**{**fields, **changes})


async def test_a_delegation_counts_from_its_beginning_to_its_end(clock: ManualClock) -> None:
    """From 10:00 to 11:00; it is 9:00, and the key is read once only within each four seconds."""
    table = KeyTable(STORED)
    table.rights = (
        right(
            RightKind.OFFICER,
            "officer-8",
            begins_at=NOW + timedelta(hours=1),
            ends_at=NOW + timedelta(hours=2),
        ),
        right(RightKind.OFFICER, "officer-9", person_id="sven"),
        right(RightKind.QUEUE, "workout"),
    )
    authenticator = KeyAuthenticator(table, clock=clock)
    seen = []
    for seconds in (0, 3599, 1, 3599, 1):
        clock.advance(seconds)
        principal = await authenticator.authenticate(TEXT)
        assert principal is not None
        assert principal.queue_ids == {"workout"}
        seen.append(sorted(principal.officer_ids))
    assert seen == [
        ["officer-7"],
        ["officer-7"],
        ["officer-7", "officer-8"],
        ["officer-7", "officer-8"],
        ["officer-7"],
    ]


@pytest.mark.parametrize(
    ("roles", "branches", "of_directory", "everything", "sees"),
    [
        ({Role.SENIOR}, (), (), True, set()),
        ({Role.SENIOR}, ("north",), (), False, {"north"}),
        ({Role.SENIOR}, (), ("south",), False, {"south"}),
        ({Role.SENIOR}, ("north",), ("south",), False, {"north", "south"}),
        ({Role.SENIOR, Role.RISK}, ("north",), (), True, {"north"}),
        ({Role.OFFICER}, (), (), False, set()),
        ({Role.OPERATOR}, (), (), False, set()),
        ({Role.SOURCE}, (), (), False, set()),
        ({Role.WORKOUT}, (), (), True, set()),
        ({Role.AUDITOR, Role.OPERATOR}, (), (), True, set()),
    ],
)
async def test_a_role_and_branches_decide_who_sees_every_borrower(
    clock: ManualClock,
    roles: set[Role],
    branches: tuple[str, ...],
    of_directory: tuple[str, ...],
    everything: bool,
    sees: set[str],
) -> None:
    table = KeyTable(replace(STORED, roles=frozenset(roles), branch_ids=branches))
    table.rights = tuple(right(RightKind.BRANCH, branch) for branch in of_directory)
    principal = await KeyAuthenticator(table, clock=clock).authenticate(TEXT)
    assert principal is not None
    assert principal.sees_everything is everything
    assert principal.branch_ids == sees


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tsk_",
        "tsk_abcdefghijkl_",
        f"tsk_{KEY_ID}_{'B' * 43}",
        f"tsk_{KEY_ID}_{SECRET}x",
        f"tsk_{KEY_ID.upper()}_{SECRET}",
        f"tsk_bbcdefghijkl_{SECRET}",
        f"TSK_{KEY_ID}_{SECRET}",
        f"{TEXT}\n",
        f"tsk_{KEY_ID}_{'é' * 43}",
    ],
)
async def test_anything_else_is_nobody(clock: ManualClock, text: str) -> None:
    assert await KeyAuthenticator(KeyTable(STORED), clock=clock).authenticate(text) is None


@pytest.mark.parametrize(
    ("changed", "is_good"),
    [
        ({"expires_at": NOW}, False),
        ({"expires_at": NOW + timedelta(microseconds=1)}, True),
        ({"expires_at": None}, True),
        ({"revoked_at": NOW}, False),
        ({"revoked_at": NOW - timedelta(days=1)}, False),
    ],
    ids=[
        "at the moment of expiry it is over",
        "just before expiry it is good",
        "without expiry it is good",
        "revoked this moment it is over",
        "revoked before it is over",
    ],
)
async def test_time_decides(clock: ManualClock, changed: dict[str, Any], is_good: bool) -> None:
    table = KeyTable(replace(STORED, **changed))
    principal = await KeyAuthenticator(table, clock=clock).authenticate(TEXT)
    assert (principal is not None) is is_good


async def test_a_revoked_key_works_for_five_seconds_at_most(clock: ManualClock) -> None:
    table = KeyTable(STORED)
    authenticator = KeyAuthenticator(table, clock=clock)
    assert await authenticator.authenticate(TEXT) is not None
    table.stored = replace(STORED, revoked_at=NOW)
    clock.advance(3.9)
    assert await authenticator.authenticate(TEXT) is not None
    assert table.queries == 1
    clock.advance(0.2)
    assert await authenticator.authenticate(TEXT) is None


async def test_the_holder_of_a_key_id_is_found_until_the_key_ends(clock: ManualClock) -> None:
    table = KeyTable(STORED)
    authenticator = KeyAuthenticator(table, clock=clock)
    holder = await authenticator.holder_of(KEY_ID)
    assert holder is not None
    assert holder.person_id == "olga"
    assert await authenticator.holder_of("bbcdefghijkl") is None
    table.stored = replace(STORED, revoked_at=NOW)
    clock.advance(5.1)
    assert await authenticator.holder_of(KEY_ID) is None


async def test_a_remembered_key_still_expires_on_time(clock: ManualClock) -> None:
    table = KeyTable(replace(STORED, expires_at=NOW + timedelta(seconds=2)))
    authenticator = KeyAuthenticator(table, clock=clock)
    assert await authenticator.authenticate(TEXT) is not None
    clock.advance(2)
    assert await authenticator.authenticate(TEXT) is None


async def test_without_a_database_the_answer_is_503_not_401(clock: ManualClock) -> None:
    table = KeyTable(STORED)
    table.is_away = True
    with pytest.raises(Problem) as refused:
        await KeyAuthenticator(table, clock=clock).authenticate(TEXT)
    assert refused.value.kind.status == 503
    assert refused.value.headers["Retry-After"] == "2"


def request_of(principal: Principal) -> Any:
    return SimpleNamespace(state=SimpleNamespace(principal=principal))


def test_a_person_decides_and_a_machine_does_not() -> None:
    person = Principal(id="k", name="Olga", roles=frozenset({Role.RISK}), person_id="olga")
    assert deciding_person(request_of(person)) == "olga"
    machine = replace(person, person_id=None)
    assert machine.actor == "key:k"
    with pytest.raises(Problem, match="A person decides") as refused:
        deciding_person(request_of(machine))
    assert refused.value.kind.status == 403


def test_secrets_do_not_show_in_representations() -> None:
    presented = keys.parse(TEXT)
    assert SECRET not in repr(presented)
    assert "secret_sha256" not in repr(STORED)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": " ", "roles": frozenset({Role.RISK})}, "name must have"),
        ({"name": "x", "roles": frozenset()}, "roles is empty"),
        ({"name": "x", "roles": frozenset({Role.RISK})}, "RISK needs --person"),
        (
            {"name": "x", "roles": frozenset({Role.OFFICER}), "person_id": "olga"},
            "needs --officer",
        ),
        ({"name": "x", "roles": frozenset({Role.SOURCE})}, "needs --source"),
    ],
)
def test_a_useless_grant_is_refused_with_a_remedy(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Grant(**fields)
