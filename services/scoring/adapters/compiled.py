"""Whether the pure core runs compiled.

`make compiled` puts machine code next to the modules of `services/scoring/domain`; Python then
prefers it. The interpreted core is the reference: the same tests run on both.
"""

from services.scoring.domain import fold


def is_compiled() -> bool:
    """Returns whether the fold in use is machine code."""
    return not (fold.__file__ or "").endswith(".py")
