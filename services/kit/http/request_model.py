"""The base of request models: bodies and queries."""

from pydantic import BaseModel, ConfigDict


class RequestModel(BaseModel):
    """A body or a query in which an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")
