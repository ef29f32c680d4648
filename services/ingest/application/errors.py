"""What use cases of ingest raise."""


class Unavailable(Exception):
    """The broker or the database cannot take it now; offering the same again is right."""

    def __init__(self, part: str) -> None:
        super().__init__(f"{part} does not answer now; send the same again")
        self.part = part


class NotFound(Exception):
    """There is no such thing."""


class AlreadySettled(Exception):
    """The quarantined input was released or discarded before; nothing is left to do."""


class RequestRefused(Exception):
    """The whole request cannot be taken apart into inputs."""
