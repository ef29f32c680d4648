"""The mail relay of the bank, as the settings name it."""

from dataclasses import dataclass
from enum import StrEnum


class SmtpSecurity(StrEnum):
    """How the connection to the server is encrypted."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """The bank's relay. An empty `user` means that it requires no login."""

    host: str
    port: int
    security: SmtpSecurity
    user: str
    password: str
    sender: str

    @property
    def domain(self) -> str:
        """Returns the domain of the sender: our name in EHLO and in ids of messages."""
        return self.sender.rpartition("@")[2]
