"""Who decides by a command that writes to the database: the person behind a key, never a name.

Commands that a service can carry out call its REST API, which knows the caller by the key. A
position of a partition is set while services may stand still, and no service may write its audit;
there the command itself checks the key.
"""

from typing import Annotated

import typer

from services.cli.errors import CommandError
from services.kit.access.keys import Role
from services.kit.access.queries import Queries
from services.kit.clock import SystemClock
from services.kit.http.auth import KeyAuthenticator

DeciderKey = Annotated[
    str, typer.Option("--key", envvar="TOCSIN_API_KEY", help="Your own key: who decides.")
]


async def deciding_person(queries: Queries, key: str, *, role: Role) -> str:
    """Return the id of the person whose valid key this is.

    Raises:
        CommandError: If it is no valid key, a machine's, or without the role.
    """
    remedy = (
        f"Give your own with --key or TOCSIN_API_KEY: tocsin keys create --person … --role {role}"
    )
    caller = await KeyAuthenticator(queries, clock=SystemClock()).authenticate(key)
    if caller is None:
        problem = "The key is unknown, expired or revoked." if key else "No key is given."
        raise CommandError(problem, remedy=remedy)
    if caller.person_id is None:
        raise CommandError(f"The key {caller.id} is a machine's; a person decides.", remedy=remedy)
    if not caller.has(role):
        raise CommandError(f"The key {caller.id} has not the role {role}.", remedy=remedy)
    return caller.person_id
