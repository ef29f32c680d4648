"""The guard at the moment of dialling: every address of every answer is judged, at each dial."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from services.alerts.delivery.adapters.ssrf_guard import AddressDenied, GuardedBackend
from services.alerts.delivery.domain.address_policy import AddressPolicy
from tests.unit.alerts.test_addresses import ENDS, KNOWN_METADATA, TEREDO, TRANSLATED, WRAPPED

PUBLIC = "93.184.216.34"
INSIDE = (*ENDS, *WRAPPED, *TRANSLATED, *TEREDO, *KNOWN_METADATA)


class Dialler:
    """Notes what is dialled."""

    def __init__(self) -> None:
        self.dialled: list[str] = []

    async def connect_tcp(self, host: str, *_: Any) -> str:
        self.dialled.append(host)
        return host


def guarded(answers: Iterator[Sequence[str]]) -> tuple[GuardedBackend, Dialler]:
    """Return a guard whose resolver gives these answers, one for each question."""

    async def resolver(host: str, port: int) -> Sequence[str]:
        return next(answers)

    backend = GuardedBackend(policy=AddressPolicy(), only_allowed_networks=False, resolver=resolver)
    dialler = Dialler()
    backend._dialler = dialler  # type: ignore[assignment]
    return backend, dialler


@pytest.mark.parametrize("inside", INSIDE)
async def test_a_name_with_one_inside_address_is_not_dialled(inside: str) -> None:
    answers = ([inside], [PUBLIC, inside], [inside, PUBLIC], [PUBLIC, PUBLIC, PUBLIC, inside])
    backend, dialler = guarded(iter(answers))
    for _ in answers:
        with pytest.raises(AddressDenied):
            await backend.connect_tcp("hooks.bank.com", 443)
    assert dialler.dialled == []


@pytest.mark.parametrize("inside", INSIDE)
async def test_a_name_that_is_rebound_between_two_dials_is_judged_at_each(inside: str) -> None:
    backend, dialler = guarded(iter([[PUBLIC], [inside], [PUBLIC], [PUBLIC, inside]]))
    for is_public in (True, False, True, False):
        if is_public:
            await backend.connect_tcp("hooks.bank.com", 443)
            continue
        with pytest.raises(AddressDenied):
            await backend.connect_tcp("hooks.bank.com", 443)
    assert dialler.dialled == [PUBLIC, PUBLIC]


async def test_a_local_socket_is_never_dialled() -> None:
    backend, _ = guarded(iter([]))
    with pytest.raises(AddressDenied):
        await backend.connect_unix_socket("/var/run/docker.sock")
