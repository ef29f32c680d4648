"""Identifiers that a test can predict."""


class CountingIds:
    """Gives `<prefix>1`, `<prefix>2`, …"""

    def __init__(self, prefix: str = "id-") -> None:
        self._prefix = prefix
        self._count = 0

    def __call__(self) -> str:
        self._count += 1
        return f"{self._prefix}{self._count}"
