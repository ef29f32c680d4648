"""Why a use case refuses. The HTTP door turns each family into one status.

`NotFound` is also what somebody gets who may not see the thing: a foreign alert and an
absent one are the same to them.
"""


class AlertsError(Exception):
    """A refusal with a text that a person can act on."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(AlertsError):
    """There is no such thing for this person: 404."""


class VersionConflict(AlertsError):
    """Somebody changed it since it was read: 412, read it again."""

    def __init__(self, *, expected: int, found: int) -> None:
        super().__init__(
            f"version {expected} was expected but it is {found} now; read it again and repeat"
        )
        self.expected = expected
        self.found = found


class StepRefused(AlertsError):
    """The step does not fit the present status: 409."""


class InvalidInput(AlertsError):
    """A value makes no sense: 422; `field` names it."""

    def __init__(self, detail: str, *, field: str) -> None:
        super().__init__(detail)
        self.field = field
