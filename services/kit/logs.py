"""Structured logs: one JSON object a line, an event name plus fields, no personal data.

`configure` is called once by each entry point. Two rules hold for every line, ours and the
libraries': a field named like a borrower's id is replaced by a keyed hash (so lines about
one borrower can be brought together, yet name nobody), and a field that may carry a person's
data or a secret is blanked. The correlation id of a request or of a batch is bound with
`correlated` and appears on each line written inside it.
"""

import hashlib
import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog

HASHED_FIELDS = frozenset({"borrower_id", "borrower", "subject", "linked_borrower_id"})
BLANKED_FIELDS = frozenset(
    {
        "authorization",
        "cookie",
        "counterparty_name",
        "database_url",
        "dsn",
        "iban",
        "key",
        "name_hash",
        "password",
        "payload",
        "purpose_text",
        "secret",
        "token",
    }
)
_URL_CREDENTIALS = re.compile(r"(\w+://)[^/\s:@]+:[^/\s@]+@")
_API_KEY = re.compile(r"tsk_[A-Za-z0-9]+_[A-Za-z0-9_-]+")
_HASH_CHARACTERS = 12

Fields = MutableMapping[str, Any]


class Redactor:
    """The last step before a line is written."""

    def __init__(self, *, hash_key: str) -> None:
        self._hash_key = hash_key.encode()[:64]

    def __call__(self, _logger: Any, _method: str, fields: Fields) -> Fields:
        for name in fields:
            if name in HASHED_FIELDS:
                fields[name] = self.hashed(str(fields[name]))
            elif name in BLANKED_FIELDS:
                fields[name] = "[redacted]"
            elif isinstance(fields[name], str):
                fields[name] = without_secrets(fields[name])
        return fields

    def hashed(self, value: str) -> str:
        """Return the stable stand-in of an id."""
        digest = hashlib.blake2b(value.encode(), key=self._hash_key, digest_size=16)
        return "h:" + digest.hexdigest()[:_HASH_CHARACTERS]


def without_secrets(text: str) -> str:
    """Return a text with passwords in URLs and API keys taken out."""
    return _API_KEY.sub("tsk_[redacted]", _URL_CREDENTIALS.sub(r"\1[redacted]@", text))


def configure(*, service: str, level: str = "INFO", hash_key: str = "") -> None:
    """Send every line of this process, the libraries' included, to stdout as JSON."""
    redact = Redactor(hash_key=hash_key)

    def named(_logger: Any, _method: str, fields: Fields) -> Fields:
        fields["service"] = service
        return fields

    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        named,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("aiokafka", "uvicorn.access", "httpcore2", "httpx2", "alembic"):
        logging.getLogger(chatty).setLevel("WARNING")
    for own in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(own).handlers.clear()
        logging.getLogger(own).propagate = True


@contextmanager
def correlated(correlation_id: str, **fields: str) -> Iterator[None]:
    """Bind an id to every line written inside the block."""
    with structlog.contextvars.bound_contextvars(correlation_id=correlation_id, **fields):
        yield
