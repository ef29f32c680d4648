"""How much is delivered, and how much is broken meanwhile."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One size of the torture; `kills` includes the pauses, which are one in ten."""

    name: str
    endpoints: int
    borrowers: int
    kills: int
    failing_share: float
    dispatchers: int = 3
    minutes: int = 30

    @property
    def deliveries(self) -> int:
        """Returns how many messages must arrive: five steps of each borrower at each endpoint."""
        return self.endpoints * self.borrowers * 5


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(name="small", endpoints=4, borrowers=40, kills=6, failing_share=0.3, minutes=2),
        Profile(name="medium", endpoints=8, borrowers=250, kills=40, failing_share=0.3),
        Profile(name="full", endpoints=16, borrowers=1250, kills=200, failing_share=0.3),
        # How soon the end of a delivery wakes the next of its borrower; on a quiet machine.
        Profile(name="wake", endpoints=1, borrowers=20, kills=0, failing_share=0.0),
    )
}
