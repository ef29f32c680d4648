"""The large majority: business as usual, with its own noise, seasons and reserves."""

from random import Random

from lab.simulator.scenarios.conditions import Story, ordinary


def write(rng: Random, *, start: int, horizon_days: int) -> Story:
    """Return a life without a story."""
    return Story(name="healthy", is_distress=False, script=ordinary)
