"""What a service's database login may be, and what is answered to another one."""

from typing import Any

import pytest

from services.kit.logins import login_of, problem_of, wrong_login
from services.kit.settings import MissingSetting, PlatformSettings

OWN: dict[str, Any] = {
    "login": "ingest_a",
    "is_superuser": False,
    "may_create_roles": False,
    "owned": [],
    "roles": ["tocsin_ingest"],
}


@pytest.mark.parametrize(
    ("rights", "problem"),
    [
        (OWN, None),
        (OWN | {"is_superuser": True}, "ingest_a is a superuser"),
        (OWN | {"may_create_roles": True}, "ingest_a may create roles"),
        (OWN | {"owned": ["ingest"]}, "ingest_a owns schemas or tables (ingest)"),
        (
            OWN | {"roles": ["tocsin_alerts", "tocsin_ingest"]},
            "ingest_a has other roles than tocsin_ingest (tocsin_alerts)",
        ),
        (OWN | {"roles": []}, "ingest_a has not the role tocsin_ingest"),
    ],
)
def test_only_a_login_of_its_own_lets_a_service_run(
    rights: dict[str, Any], problem: str | None
) -> None:
    assert problem_of(rights, role="tocsin_ingest") == problem


def test_the_error_names_the_variable_and_the_command() -> None:
    message = str(wrong_login("tocsin_ingest", "ada is a superuser"))
    assert "TOCSIN_INGEST_DATABASE_URL" in message
    assert "tocsin migrate" in message


def test_the_password_of_a_url_is_decoded_and_never_shown() -> None:
    login = login_of("postgresql://in%40gest:p%2Fw%3A@db:5432/tocsin")
    assert (login.user, login.password) == ("in@gest", "p/w:")
    assert "p/w" not in repr(login)
    assert login_of("postgresql://ingest@db/tocsin").password is None


def test_a_service_never_falls_back_to_the_administrators_login(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "postgresql://admin@db/tocsin")
    platform = PlatformSettings(kafka_bootstrap="h:9092")
    with pytest.raises(MissingSetting, match="TOCSIN_SCORING_DATABASE_URL is not set"):
        platform.service_dsn("scoring")
    assert platform.service_dsns() == {}
