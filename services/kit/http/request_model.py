"""The base of request models: bodies and queries."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
"""An id as events have it: printable ASCII without spaces."""


class RequestModel(BaseModel):
    """A body or a query in which an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")
