"""The error that a command shows as a sentence and a remedy, without a traceback.

Raised by the commands; `main.run` prints it and ends with exit status 1.
"""


class CommandError(Exception):
    """A command cannot do its work, for a reason that a person can act on."""

    def __init__(self, problem: str, *, remedy: str) -> None:
        """Store problem and remedy apart, so that each is shown on its own line."""
        super().__init__(f"{problem}\n{remedy}")
        self.problem = problem
        self.remedy = remedy
