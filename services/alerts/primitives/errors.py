"""The refusals of the use cases; HTTP answers each class with one status.

`ResourceNotFound` also answers people who may not see the resource: they cannot distinguish the
alert of somebody else from one that does not exist.
"""


class AlertsError(Exception):
    """A refusal; its text names the remedy."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class ResourceNotFound(AlertsError):
    """The resource does not exist, or not for this person: 404."""


class VersionConflict(AlertsError):
    """The resource has changed since it was read: 412."""

    def __init__(self, *, expected: int, current: int) -> None:
        super().__init__(
            f"version {expected} was expected but it is {current} now; read it again and repeat"
        )


class StepRefused(AlertsError):
    """The status of the alert does not allow the step: 409."""


class InvalidInput(AlertsError):
    """A value breaks a limit or a rule of the API: 422.

    Attributes:
        pointer: The JSON pointer to the value in the body; None for a query parameter.
        parameter: The name of the query parameter; None for a value in the body.
    """

    def __init__(
        self, detail: str, *, pointer: str | None = None, parameter: str | None = None
    ) -> None:
        super().__init__(detail)
        self.pointer = pointer
        self.parameter = parameter
