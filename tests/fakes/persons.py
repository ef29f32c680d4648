"""Registers persons in a real database, as `tocsin persons create` does."""

import asyncpg

from services.kit.access import persons
from services.kit.access.persons import StoredPerson
from services.kit.clock import SystemClock


async def register(database_url: str, *person_ids: str) -> None:
    """Create persons with the administrator's connection."""
    connection = await asyncpg.connect(database_url)
    try:
        now = SystemClock().now()
        for person_id in person_ids:
            person = StoredPerson(person_id=person_id, display_name=person_id, created_at=now)
            await persons.create(connection, person)
    finally:
        await connection.close()
