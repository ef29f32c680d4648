"""A command is executed once for its key, and the same answer comes again."""

import asyncio
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.testclient import TestClient

from services.kit.access.keys import Role
from services.kit.catalogue import KIT_CATALOGUE
from services.kit.clock import SystemClock
from services.kit.database import DatabaseUnavailable
from services.kit.http.application import LenientRoute, UnstoredCommand, WebParts, create_app
from services.kit.http.auth import Principal, require
from services.kit.http.health import Health
from services.kit.http.idempotency import KeyClaim, KeyedCommand, StoredAnswer, idempotent
from services.kit.http.json_route import JsonRoute
from services.kit.http.problems import CONFLICT
from services.kit.metrics import Metrics
from tests.fakes.commands_in_memory import MemoryCommands

KEY = {"Idempotency-Key": "01a2018b"}


class Transfer(BaseModel):
    amount: str


class Refused(Exception):
    """The command is not allowed now."""


class Bank:
    """Counts transfers; the amount 13 is refused once, then accepted."""

    def __init__(self) -> None:
        self.transfers: list[str] = []
        self.refusals = ["13"]
        self.has_begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.may_end.set()


class Callers:
    async def authenticate(self, text: str) -> Principal | None:
        if not text.startswith("tsk_"):
            return None
        return Principal(id=text, name=text, roles=frozenset({Role.RISK}), person_id=text[4:])


def router_of(bank: Bank, *, route_class: type = JsonRoute) -> APIRouter:
    router = APIRouter(route_class=route_class)
    guarded = [Depends(require(Role.RISK)), Depends(idempotent)]

    @router.post("/transfers", status_code=201, dependencies=guarded)
    async def transfer(
        body: Transfer, response: Response, note: Annotated[str, Query()] = ""
    ) -> dict[str, object]:
        bank.has_begun.set()
        await bank.may_end.wait()
        if body.amount in bank.refusals:
            bank.refusals.remove(body.amount)
            raise Refused("not now")
        bank.transfers.append(body.amount)
        response.headers["ETag"] = f'"{len(bank.transfers)}"'
        response.headers["Location"] = f"/transfers/{len(bank.transfers)}"
        return {"number": len(bank.transfers), "note": note}

    @router.post("/close", dependencies=guarded)
    async def close() -> int:
        bank.transfers.append("close")
        return len(bank.transfers)

    return router


def app_of(bank: Bank, commands: MemoryCommands | None, **options: type) -> FastAPI:
    clock = SystemClock()
    return create_app(
        "bank",
        parts=WebParts(
            health=Health(clock),
            metrics=Metrics(KIT_CATALOGUE),
            authenticator=Callers(),
            problems={Refused: CONFLICT},
            commands=commands,
        ),
        routers=[router_of(bank, **options)],
    )


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
def commands() -> MemoryCommands:
    return MemoryCommands(SystemClock())


@pytest.fixture
def http(bank: Bank, commands: MemoryCommands) -> TestClient:
    client = TestClient(app_of(bank, commands), raise_server_exceptions=False)
    client.headers["Authorization"] = "Bearer tsk_ada"
    return client


def test_the_same_request_again_gets_the_same_answer(http: TestClient, bank: Bank) -> None:
    first = http.post("/transfers", json={"amount": "5"}, headers=KEY)
    again = http.post("/transfers", json={"amount": "5"}, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.json() == {"number": 1, "note": ""}
    assert (again.headers["etag"], again.headers["location"]) == ('"1"', "/transfers/1")
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert bank.transfers == ["5"]


def test_a_command_without_a_body_is_executed_once_too(http: TestClient, bank: Bank) -> None:
    assert [http.post("/close", headers=KEY).json() for _ in range(3)] == [1, 1, 1]
    assert bank.transfers == ["close"]


def test_without_a_key_each_request_is_executed(http: TestClient, bank: Bank) -> None:
    for _ in range(2):
        http.post("/transfers", json={"amount": "5"})
    assert bank.transfers == ["5", "5"]


@pytest.mark.parametrize(
    ("url", "body", "headers"),
    [
        ("/transfers", {"amount": "6"}, {}),
        ("/transfers?note=x", {"amount": "5"}, {}),
        ("/transfers", {"amount": "5"}, {"If-Match": '"1"'}),
        ("/close", None, {}),
    ],
    ids=["another body", "another query", "another version", "another route"],
)
def test_another_request_with_the_key_is_refused(
    http: TestClient, bank: Bank, url: str, body: object, headers: dict[str, str]
) -> None:
    http.post("/transfers", json={"amount": "5"}, headers=KEY)
    refused = http.post(url, json=body, headers={**KEY, **headers})
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:tocsin:problem:idempotency-key-reused"
    assert bank.transfers == ["5"]


def test_the_keys_of_two_people_are_two(http: TestClient, bank: Bank) -> None:
    http.post("/transfers", json={"amount": "5"}, headers=KEY)
    bob = {**KEY, "Authorization": "Bearer tsk_bob"}
    assert http.post("/transfers", json={"amount": "5"}, headers=bob).json()["number"] == 2


def test_a_refusal_is_not_stored(http: TestClient, bank: Bank, commands: MemoryCommands) -> None:
    answers = [http.post("/transfers", json={"amount": "13"}, headers=KEY) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [409, 201, 201]
    assert bank.transfers == ["13"]
    assert http.post("/transfers", json={}, headers={"Idempotency-Key": "k2"}).status_code == 422
    assert list(commands.claims) == [("ada", "01a2018b")]


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 129])
def test_what_is_no_key_is_refused(http: TestClient, bank: Bank, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("utf-8")}
    assert http.post("/close", headers=headers).status_code == 422
    assert bank.transfers == []


def test_nobody_without_a_key_of_the_api_gets_an_answer(http: TestClient) -> None:
    http.post("/close", headers=KEY)
    assert http.post("/close", headers={**KEY, "Authorization": "Bearer x"}).status_code == 401


async def test_the_same_command_at_the_same_time_is_executed_once(
    bank: Bank, commands: MemoryCommands
) -> None:
    bank.may_end.clear()
    transport = httpx2.ASGITransport(app=app_of(bank, commands))
    headers = {**KEY, "Authorization": "Bearer tsk_ada"}
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://localhost", headers=headers
    ) as client:
        first = asyncio.create_task(client.post("/transfers", json={"amount": "5"}))
        await bank.has_begun.wait()
        second = await client.post("/transfers", json={"amount": "5"})
        bank.may_end.set()
        assert (await first).status_code == 201
    assert (second.status_code, second.headers["retry-after"]) == (409, "1")
    assert bank.transfers == ["5"]


async def test_an_answer_that_cannot_be_stored_is_sent(bank: Bank) -> None:
    class Away(MemoryCommands):
        async def finish(
            self, command: KeyedCommand, claim: KeyClaim, answer: StoredAnswer
        ) -> None:
            raise DatabaseUnavailable("restarts")

    client = TestClient(app_of(bank, Away(SystemClock())))
    headers = {**KEY, "Authorization": "Bearer tsk_ada"}
    assert client.post("/close", headers=headers).json() == 1
    assert client.post("/close", headers=headers).status_code == 409


def test_an_application_without_a_store_does_not_start(bank: Bank) -> None:
    with pytest.raises(UnstoredCommand, match="POST /close"):
        app_of(bank, None)


def test_a_route_that_could_not_answer_once_stops_the_start(
    bank: Bank, commands: MemoryCommands
) -> None:
    with pytest.raises(LenientRoute, match="POST /close"):
        app_of(bank, commands, route_class=APIRoute)
