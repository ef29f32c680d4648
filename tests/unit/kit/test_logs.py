"""No line of the log names a borrower or gives a secret away."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from services.kit import logs


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def configured() -> Any:
    """Configure inside the test: pytest puts its own stdout in place for each phase."""
    logs.configure(service="test", level="INFO", hash_key="k1")
    return structlog.get_logger("here")


def test_a_line_is_one_json_object_with_service_level_and_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = configured()
    with structlog.contextvars.bound_contextvars(correlation_id="c-1"):
        log.info("batch committed", records=3)
    (line,) = lines(capsys)
    assert line["event"] == "batch committed"
    assert (line["service"], line["level"], line["records"]) == ("test", "info", 3)
    assert line["correlation_id"] == "c-1"
    assert line["timestamp"].endswith("Z")


def test_a_borrower_is_hashed_alike_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    log = configured()
    log.info("one", borrower_id="B-4711")
    log.info("two", subject="B-4711")
    first, second = lines(capsys)
    assert first["borrower_id"] == second["subject"]
    assert first["borrower_id"].startswith("h:")
    assert "4711" not in json.dumps([first, second])


@pytest.mark.parametrize("field", sorted(logs.BLANKED_FIELDS))
def test_a_field_that_may_carry_a_person_or_a_secret_is_blanked(
    capsys: pytest.CaptureFixture[str], field: str
) -> None:
    configured().info("seen", **{field: "canary"})
    assert lines(capsys)[0][field] == "[redacted]"


def test_secrets_inside_texts_are_taken_out(capsys: pytest.CaptureFixture[str]) -> None:
    configured().warning(
        "failed", error="postgresql://u:hunter2@db/x with tsk_abcdefghijkl_" + "A" * 43
    )
    assert lines(capsys)[0]["error"] == "postgresql://[redacted]@db/x with tsk_[redacted]"


def test_a_library_that_uses_plain_logging_is_redacted_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configured()
    logging.getLogger("somelib").warning("cannot reach postgresql://u:hunter2@db/x")
    (line,) = lines(capsys)
    assert line["event"] == "cannot reach postgresql://[redacted]@db/x"


def test_a_traceback_carries_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        canary = "canary-value"
        raise ValueError(len(canary))

    try:
        fail()
    except ValueError:
        configured().exception("failed")
    (line,) = lines(capsys)
    assert "ValueError: 12" in line["exception"]
    assert "canary-value" not in line["exception"].replace('canary = "canary-value"', "")


def test_a_line_of_the_driver_that_is_repeated_is_written_once_a_minute() -> None:
    lines_of_driver = logs.RepeatedDriverLines()

    def is_written(seconds: float, topic: str, logger: str = "aiokafka.cluster") -> bool:
        message = "Topic %s not found in cluster metadata"
        record = logging.LogRecord(logger, logging.ERROR, "", 0, message, (topic,), None)
        record.created = 1_000.0 + seconds
        return bool(lines_of_driver.filter(record))

    written = [is_written(seconds, "events") for seconds in (0.0, 0.1, 59.9, 60.1, 60.2, 119.0)]
    assert written == [True, False, False, True, False, False]
    assert is_written(119.0, "risk")
    assert is_written(119.0, "events", "services.kit")
    assert is_written(119.0, "events", "services.kit")


def test_the_lines_of_the_driver_pass_that_filter(capsys: pytest.CaptureFixture[str]) -> None:
    configured()
    for _ in range(20):
        logging.getLogger("aiokafka.cluster").error("Topic %s not found", "events")
    assert [line["event"] for line in lines(capsys)] == ["Topic events not found"]
