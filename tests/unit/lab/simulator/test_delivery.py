"""What the bank sends is counted exactly, and every raw record is one of its events."""

import json
from collections import Counter

import msgspec
import pytest

from lab.simulator import dialect
from lab.simulator.delivery import BROKEN_EVERY_DAYS, DayDelivery, Delivery
from lab.simulator.portfolio import Portfolio, Setup

SETUP = Setup(seed=9, borrowers=30, days=90)


@pytest.fixture(scope="module")
def delivered() -> tuple[Delivery, list[DayDelivery]]:
    delivery = Delivery(Portfolio(SETUP))
    return delivery, list(delivery.days())


def test_everything_that_is_sent_is_counted(
    delivered: tuple[Delivery, list[DayDelivery]],
) -> None:
    delivery, mails = delivered
    handed = sum(len(m.reference) + len(m.records) + len(m.afterwards) for m in mails)
    assert delivery.sent.offered == handed


def test_repeats_and_broken_records_are_counted_exactly(
    delivered: tuple[Delivery, list[DayDelivery]],
) -> None:
    delivery, mails = delivered
    seen = Counter(record.value for mail in mails for record in mail.records)
    assert delivery.sent.repeated == sum(seen.values()) - len(seen)
    assert delivery.sent.repeated > 0
    broken = [record for mail in mails for record in mail.records if not record.key]
    assert delivery.sent.broken == len(broken) == 2 * (SETUP.days // BROKEN_EVERY_DAYS)


def test_an_account_that_is_registered_late_is_left_out_at_first(
    delivered: tuple[Delivery, list[DayDelivery]],
) -> None:
    _, mails = delivered
    first = {
        document["subject"]
        for document in mails[0].reference
        if document["type"] == "borrower.registered.v1" and "account_ids" not in document["data"]
    }
    again = {document["subject"] for mail in mails for document in mail.afterwards}
    assert len(first) == 2
    assert again == first
    assert all("account_ids" in d["data"] for mail in mails for d in mail.afterwards)


def test_the_dialect_has_other_names_minor_units_and_local_dates() -> None:
    portfolio = Portfolio(Setup(seed=1, borrowers=3, days=40))
    events = [event for _, booked in portfolio.simulate() for event in booked]
    payment = next(event for event in events if event.type == "repayment.posted.v1")
    words = json.loads(dialect.encode(payment))
    assert words["evt"] == "PAY"
    assert words["ref"] == payment.id
    assert words["amt"] == int(payment.data["paid_amount"].replace(".", ""))
    year, month, day = payment.data["value_date"].split("-")
    assert words["val_dt"] == f"{day}.{month}.{year}"
    assert len(words["book_tm"]) == 8


def test_bookings_know_only_their_account() -> None:
    portfolio = Portfolio(Setup(seed=1, borrowers=3, days=40))
    for _, booked in portfolio.simulate():
        for event in booked:
            if dialect.topic_of(event) == dialect.ACCOUNT_FLOWS_TOPIC:
                assert "cust_no" not in msgspec.json.decode(dialect.encode(event))
