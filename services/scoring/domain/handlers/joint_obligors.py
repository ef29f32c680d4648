"""Joint obligors: default carries over by rule only, in each direction its own.

Several debtors who are jointly obliged are an obligor of their own (EBA/GL/2016/07 section 7.4). A
link JOINT_OBLIGATION leads from a person to that obligor, links JOINT_MEMBER lead from it to each
person. The default of the joint obligation does not default its members; when all members are in
default, it is. What either leads to is the rulebook's: two flags say that it is so.

Must stay true: these flags come from what others told, so they are no part of the own state that is
told on (see `contagion`).
"""

from typing import Final

from services.scoring.domain.borrower.borrower import Borrower
from services.scoring.domain.borrower.risk import (
    DEFAULT,
    JOINT_MEMBERS_DEFAULT,
    JOINT_OBLIGATION_DEFAULT,
)
from services.scoring.domain.primitives.vocabulary import LINK_KINDS
from services.scoring.domain.views import credit_file

OBLIGATION: Final = LINK_KINDS.index("JOINT_OBLIGATION")
MEMBER: Final = LINK_KINDS.index("JOINT_MEMBER")
KINDS: Final = (OBLIGATION, MEMBER)
FLAGS: Final = JOINT_OBLIGATION_DEFAULT | JOINT_MEMBERS_DEFAULT


def set_flags(borrower: Borrower, day: int) -> bool:
    """Set and clear the flags by what the linked borrowers told last; return whether any moved."""
    obligations: list[bool] = []
    members: list[bool] = []
    for link in credit_file.standing_links(borrower, day):
        if link.kind in KINDS:
            is_in_default = credit_file.told_state(borrower, link.linked_id) == DEFAULT
            (obligations if link.kind == OBLIGATION else members).append(is_in_default)
    flags = JOINT_OBLIGATION_DEFAULT if any(obligations) else 0
    if members and all(members):
        flags |= JOINT_MEMBERS_DEFAULT
    before, borrower.risk.flags = borrower.risk.flags, borrower.risk.flags & ~FLAGS | flags
    return borrower.risk.flags != before
