"""Translates errors of the database and the broker into `Unavailable`."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.ingest.application.errors import Unavailable
from services.kit.database import UNAVAILABLE, DatabaseUnavailable
from services.kit.stream.producer import ProduceFailed


@contextmanager
def database_errors() -> Iterator[None]:
    """Translates the errors of the driver while the database does not answer."""
    try:
        yield
    except (DatabaseUnavailable, *UNAVAILABLE) as error:
        raise Unavailable("the database") from error


@contextmanager
def broker_errors() -> Iterator[None]:
    """Translates the error of the producer when the broker did not acknowledge."""
    try:
        yield
    except ProduceFailed as error:
        raise Unavailable("the broker") from error
