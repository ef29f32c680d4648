"""When to stop reading a raw topic: too many records in a row that are no events.

A bad deploy at the source, or a wrong mapping here, would otherwise drain a whole topic into
quarantine. The brake counts records in a row, since a share would need a window; one good record
lets it go. Records that only wait for their account do not count: that is how a start looks.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Brake:
    """Counts refusals in a row of one raw topic.

    Attributes:
        most_in_a_row: At this many refusals in a row the topic is paused.
    """

    most_in_a_row: int
    in_a_row: int = 0

    def __post_init__(self) -> None:
        if self.most_in_a_row < 1:
            raise ValueError(f"most_in_a_row is {self.most_in_a_row}; it must be at least 1")

    def passed(self) -> None:
        """Count an event that was fine."""
        self.in_a_row = 0

    def refused(self) -> None:
        """Count one that was not."""
        self.in_a_row += 1

    @property
    def is_pulled(self) -> bool:
        """Whether reading must stop; equality stops."""
        return self.in_a_row >= self.most_in_a_row
