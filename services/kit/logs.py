"""Structured logs: one JSON object per line, an event name with fields, no personal data.

Each entry point calls `configure` once. Two rules hold for every line, the libraries' included: a
field that names a borrower is replaced by a keyed hash, so that the lines about one borrower can be
found without the name, and a field that may contain personal data or a secret is blanked.
"""

import hashlib
import logging
import re
import sys
from collections.abc import MutableMapping
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
# A scheme is short; without a limit, a long word would be read from each of its letters.
_URL_CREDENTIALS = re.compile(r"(\b\w{1,20}://)[^/\s:@]+:[^/\s@]+@")
_API_KEY = re.compile(r"tsk_[A-Za-z0-9]+_[A-Za-z0-9_-]+")
_HASH_CHARACTERS = 12
_REPEATED_AFTER_SECONDS = 60.0
_MOST_DRIVER_LINES = 1_000

Fields = MutableMapping[str, Any]


class Redactor:
    """Replaces ids and secrets in a line before it is written."""

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
        """Returns the stable pseudonym of an id."""
        digest = hashlib.blake2b(value.encode(), key=self._hash_key, digest_size=16)
        return "h:" + digest.hexdigest()[:_HASH_CHARACTERS]


def without_secrets(text: str) -> str:
    """Returns a text without passwords in URLs and without API keys."""
    return _API_KEY.sub("tsk_[redacted]", _URL_CREDENTIALS.sub(r"\1[redacted]@", text))


class RepeatedDriverLines(logging.Filter):
    """Passes the same line of the Kafka driver once a minute.

    The driver writes one for each attempt, ten a second while a topic or a broker is missing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last_passed: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether the line is written."""
        if not record.name.startswith("aiokafka"):
            return True
        line = (record.name, record.getMessage())
        last = self._last_passed.get(line)
        if last is not None and abs(record.created - last) < _REPEATED_AFTER_SECONDS:
            return False
        if len(self._last_passed) >= _MOST_DRIVER_LINES:
            self._last_passed.clear()
        self._last_passed[line] = record.created
        return True


def configure(*, service: str, level: str = "INFO", hash_key: str = "") -> None:
    """Sends every line of this process, the libraries' included, to stdout as JSON."""
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
    handler.addFilter(RepeatedDriverLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("aiokafka", "uvicorn.access", "httpcore2", "httpx2", "alembic"):
        logging.getLogger(chatty).setLevel("WARNING")
    for own in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(own).handlers.clear()
        logging.getLogger(own).propagate = True
