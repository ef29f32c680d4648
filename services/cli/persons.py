"""`tocsin persons`: creates the people whom four eyes compare, and binds their logins.

Works with the administrator's database URL; the services themselves can only read persons.
"""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.database import with_connection
from services.cli.errors import CommandError
from services.cli.options import AsJson, group
from services.kit.access import persons
from services.kit.access.persons import (
    MAX_NAME_CHARACTERS,
    Identity,
    NoSuchPerson,
    StoredPerson,
)
from services.kit.clock import SystemClock

app = group("Create persons and bind their logins.")
_console = Console()


def person_id(text: str) -> str:
    """Return the person id that a text names.

    Raises:
        CommandError: If it cannot be one.
    """
    try:
        return persons.person_id(text)
    except ValueError as error:
        raise CommandError(
            str(error), remedy="Use the bank's personnel number or login."
        ) from error


@app.command()
def create(
    person: Annotated[str, typer.Argument(help="The person's id, such as the bank's login name.")],
    name: Annotated[str, typer.Option(help="The name that is shown.")],
    as_json: AsJson = False,
) -> None:
    """Create a person, to whom keys and logins can belong.

    Ids are in lower case: Alice and alice are one person. An id is never changed or used again,
    because decisions name it.

    Examples:

        tocsin persons create ada --name "Ada Lovelace"
        tocsin persons create grace --name "Grace Hopper"
    """
    if not 1 <= len(name.strip()) <= MAX_NAME_CHARACTERS:
        raise CommandError(
            f"--name must have 1 to {MAX_NAME_CHARACTERS} characters.", remedy="Give the full name."
        )
    stored = StoredPerson(
        person_id=person_id(person), display_name=name.strip(), created_at=SystemClock().now()
    )
    if not with_connection(lambda connection: persons.create(connection, stored)):
        raise CommandError(
            f"There is a person {stored.person_id} already.", remedy="See `tocsin persons list`."
        )
    if as_json:
        _print_json(_shown(stored))
        return
    _console.print(f"Person [bold]{stored.person_id}[/] is created; give them a key:")
    _console.print(f"tocsin keys create --person {stored.person_id} --role … --name …")


@app.command()
def bind(
    issuer: Annotated[str, typer.Option(help="The identity provider: the token's iss.")],
    subject: Annotated[str, typer.Option(help="The login there: the token's sub.")],
    person: Annotated[str | None, typer.Option(help="The person whose login it is.")] = None,
    machine: Annotated[str | None, typer.Option(help="Or the machine that has it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bind a login at an identity provider to one person or machine, for good.

    Examples:

        tocsin persons bind --issuer https://id.bank.example --subject 00u1 --person ada
    """
    bound = person_id(person) if person is not None else None
    try:
        identity = Identity(issuer=issuer, subject=subject, person_id=bound, machine=machine)
    except ValueError as error:
        raise CommandError(str(error), remedy="See `tocsin persons bind --help`.") from error
    now = SystemClock().now()
    try:
        is_new = with_connection(lambda connection: persons.bind(connection, identity, at=now))
    except NoSuchPerson as error:
        raise CommandError(f"{error}.", remedy="See `tocsin persons list`.") from error
    if not is_new:
        raise CommandError(
            f"{subject} at {issuer} is bound already.",
            remedy="A login belongs to one person or machine for good; see `tocsin persons list`.",
        )
    if as_json:
        _print_json({"issuer": issuer, "subject": subject, "person_id": bound, "machine": machine})
        return
    _console.print(f"{subject} at {issuer} belongs to {bound or machine}.")


@app.command()
def remove(
    person: Annotated[str, typer.Argument(help="The person's id, as listed.")],
    as_json: AsJson = False,
) -> None:
    """Remove a person: all their keys and logins end for good; what they decided stays.

    Examples:

        tocsin persons remove ada
    """
    name, now = person_id(person), SystemClock().now()
    try:
        is_new = with_connection(lambda connection: persons.remove(connection, name, at=now))
    except NoSuchPerson as error:
        raise CommandError(f"{error}.", remedy="See `tocsin persons list`.") from error
    if not is_new:
        raise CommandError(f"{name} was removed before.", remedy="See `tocsin persons list`.")
    if as_json:
        _print_json({"person_id": name, "removed": True})
    else:
        _console.print(f"{name} is removed; services refuse their keys and logins in 5 seconds.")


@app.command("list")
def list_persons(as_json: AsJson = False) -> None:
    """List all persons with their keys and logins.

    Examples:

        tocsin persons list
    """
    listed = with_connection(persons.list_all)
    if as_json:
        _print_json({"persons": [_shown(person) for person in listed]})
        return
    table = Table("id", "name", "keys", "logins", "valid")
    for person in listed:
        valid = f"until {person.removed_at:%Y-%m-%d}" if person.removed_at else "yes"
        logins = "\n".join(f"{subject} at {issuer}" for issuer, subject in person.identities)
        table.add_row(person.person_id, person.display_name, " ".join(person.keys), logins, valid)
    _console.print(table)


def _shown(person: StoredPerson) -> dict[str, object]:
    return {
        "person_id": person.person_id,
        "display_name": person.display_name,
        "created_at": person.created_at.isoformat(),
        "removed_at": person.removed_at.isoformat() if person.removed_at else None,
        "keys": list(person.keys),
        "identities": [
            {"issuer": issuer, "subject": subject} for issuer, subject in person.identities
        ],
    }


def _print_json(value: dict[str, object]) -> None:
    print(json.dumps(value, separators=(",", ":"), sort_keys=True))
