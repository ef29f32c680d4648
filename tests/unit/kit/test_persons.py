"""Ids of persons are in one form, and a login belongs to one person or machine."""

from typing import Any

import pytest

from services.kit.access.persons import Identity, person_id

ISSUER = "https://id.bank.example"


@pytest.mark.parametrize("text", ["alice", "Alice", "ALICE", " alice\n"])
def test_alice_is_alice(text: str) -> None:
    assert person_id(text) == "alice"


@pytest.mark.parametrize("text", ["", " ", ".alice", "al ice", "key:abc", "alicé", "a" * 65, "а"])
def test_what_cannot_be_an_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="person id"):
        person_id(text)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"issuer": "http://id", "subject": "1", "person_id": "ada"}, "https URL"),
        ({"issuer": ISSUER, "subject": "", "person_id": "ada"}, "subject is empty"),
        ({"issuer": ISSUER, "subject": "1"}, "person or to a machine"),
        ({"issuer": ISSUER, "subject": "1", "person_id": "ada", "machine": "m"}, "or to a machine"),
    ],
)
def test_a_login_of_nobody_or_of_two_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Identity(**fields)
