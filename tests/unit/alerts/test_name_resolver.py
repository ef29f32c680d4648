"""Names of receivers against a real name server on loopback."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.alerts.delivery.adapters.name_resolver import CannotResolve, NameResolver
from tests.fakes.name_server import NameServer


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    started = await NameServer({"hooks.bank.com": "127.0.0.1"}).start()
    yield started
    started.stop()


@pytest.fixture
async def names(server: NameServer) -> AsyncIterator[NameResolver]:
    opened = NameResolver(servers=[server.address])
    yield opened
    await opened.close()


async def test_dead_names_delay_no_other_name(server: NameServer, names: NameResolver) -> None:
    dead = [asyncio.create_task(names.resolve(f"dead-{n}.bank.com", 443)) for n in range(100)]
    await server.until(100, prefix="dead")
    assert await names.resolve("hooks.bank.com", 443) == ["127.0.0.1"]
    for task in dead:
        task.cancel()
    ended = await asyncio.gather(*dead, return_exceptions=True)
    assert "127.0.0.1" not in ended


async def test_a_name_without_an_answer_is_given_up_at_the_deadline(server: NameServer) -> None:
    impatient = NameResolver(servers=[server.address], deadline_seconds=0.05)
    with pytest.raises(CannotResolve, match=r"dead\.bank\.com does not resolve"):
        await impatient.resolve("dead.bank.com", 443)
    await impatient.close()


async def test_an_answer_is_asked_for_once_while_it_is_valid(
    server: NameServer, names: NameResolver
) -> None:
    for _ in range(3):
        assert await names.resolve("hooks.bank.com", 443) == ["127.0.0.1"]
    # Once for IPv4 and once for IPv6.
    assert server.questions == ["hooks.bank.com"] * 2


@pytest.mark.parametrize("literal", ["127.0.0.1", "::1"])
async def test_a_literal_address_is_no_question(
    server: NameServer, names: NameResolver, literal: str
) -> None:
    assert await names.resolve(literal, 443) == [literal]
    assert server.questions == []


@pytest.mark.parametrize("host", ["a..b", "x" * 300])
async def test_what_is_no_name_does_not_resolve(names: NameResolver, host: str) -> None:
    with pytest.raises(CannotResolve):
        await names.resolve(host, 443)
