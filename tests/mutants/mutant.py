"""What one removed safety line is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One safety line, removed. `guards` says what it is for, `tests` who must notice."""

    name: str
    guards: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def needs_servers(self) -> bool:
        """Return whether a test on the real broker or database is among its tests."""
        return any("integration" in tests for tests in self.tests)
