"""Where the drivers' errors stop: what is away for now becomes `Unavailable`."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.ingest.application.errors import Unavailable
from services.kit.database import UNAVAILABLE, DatabaseUnavailable
from services.kit.stream.producer import ProduceFailed


@contextmanager
def database_errors() -> Iterator[None]:
    """Translate what the database driver raises while the server cannot be asked."""
    try:
        yield
    except (DatabaseUnavailable, *UNAVAILABLE) as error:
        raise Unavailable("the database") from error


@contextmanager
def broker_errors() -> Iterator[None]:
    """Translate what the producer raises when nobody acknowledged."""
    try:
        yield
    except ProduceFailed as error:
        raise Unavailable("the broker") from error
