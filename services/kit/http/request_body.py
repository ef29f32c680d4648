"""The base of request bodies."""

from pydantic import BaseModel, ConfigDict


class RequestBody(BaseModel):
    """A JSON request body in which an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")
