"""The base of request models: bodies and queries."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


def _in_utc(moment: datetime) -> datetime:
    """Returns a moment in UTC.

    Raises:
        ValueError: If it is in a year that UTC does not have, which no database stores.
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("it is before the year 1 or after the year 9999 in UTC") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment with an offset."""
Identifier = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
"""An id as events have it: printable ASCII without spaces."""


class RequestModel(BaseModel):
    """A body or a query in which an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")
