"""One removed safety line."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One removed safety line: what it guards, and the tests of which one must fail."""

    name: str
    guards: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def needs_servers(self) -> bool:
        """Returns whether one of its tests needs the real broker or database."""
        return any("integration" in tests for tests in self.tests)
