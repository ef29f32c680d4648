"""Where e-mail goes: to one mailbox that people share, or to whoever is responsible.

The target of a shared mailbox is `mailto:ADDRESS`. The target `directory:responsible` means the
mailbox of each person who is responsible for the alert, as the bank's directory names it when the
message is sent.
"""

import re
from dataclasses import dataclass
from typing import Final

RESPONSIBLE: Final = "directory:responsible"
_MAILTO: Final = "mailto:"
# A plain address in ASCII: no quoted local part, no literal host, no parameter of a mailto URL.
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}", re.ASCII
)
_MOST_CHARACTERS: Final = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAddress:
    """An address, and the language in which its owner reads."""

    address: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMailbox:
    """Why a person gets no message."""

    reason: str


def is_address(text: str) -> bool:
    """Returns whether a text is an address that a header may contain."""
    return len(text) <= _MOST_CHARACTERS and _ADDRESS.fullmatch(text) is not None


def shared_address(target: str) -> str | None:
    """Returns the address of a shared mailbox; None if the target is none."""
    address = target.removeprefix(_MAILTO)
    return address if target.startswith(_MAILTO) and is_address(address) else None
