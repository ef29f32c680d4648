"""The errors of ingest's use cases."""


class Unavailable(Exception):
    """The broker or the database does not answer; the caller may send the same again."""

    def __init__(self, part: str) -> None:
        super().__init__(f"{part} does not answer now; send the same again")
        self.part = part


class NotFound(Exception):
    """The requested object does not exist."""


class AlreadySettled(Exception):
    """The quarantined input was released or discarded before."""


class QuarantineFull(Exception):
    """A sender or a raw topic has no room left in the quarantine; nothing was taken."""


class AccountNotOwned(Exception):
    """An account belongs to another source."""
