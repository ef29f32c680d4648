"""The bounds of every event, each with its reason: one set, checked when an event is written.

The Structs use them, so schemas, ingest and the data torture have the same ones. What must stay
true: an event inside them can be decoded, folded, closed for 400 days, stored and published against
its own schema. What a ledger has already is read without them: a tightened bound concerns new
events only.
"""

from datetime import UTC, date, datetime
from typing import Final

# Days that terms, deadlines and histories name. A century before today and almost two after it: a
# due date of a perpetual loan fits, a typing error in the first digit does not.
DATE: Final = "(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}"
FIRST_DATE: Final = date(1900, 1, 1)
LAST_DATE: Final = date(2199, 12, 31)
# Days and moments at which something was booked: no system of a bank booked before 1970. How far
# ahead of today they may be, the time guard decides.
BOOKED_DATE: Final = "(19[7-9][0-9]|20[0-9]{2}|21[0-9]{2})-[0-9]{2}-[0-9]{2}"
FIRST_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MOMENT: Final = datetime(2199, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

# How many days after an event's `time` each kind of date may be; a ledger is read without them.
# A report is about what has happened; a month lets a month's end be reported a few weeks early.
REPORTED_DAYS_AHEAD: Final = 31
# A limit, a link or a change of terms is agreed at most a year before it counts.
EFFECTIVE_DAYS_AHEAD: Final = 366
# No promise, test, review or statement is set a deadline of more than ten years.
DEADLINE_DAYS_AHEAD: Final = 3_660

# Any balance sheet in any currency, in its main unit: 999 trillion.
AMOUNT_DIGITS: Final = 15
# The finest minor unit of ISO 4217 (CLF, UYW).
AMOUNT_DECIMALS: Final = 4
GREATEST_AMOUNT: Final = 10**AMOUNT_DIGITS - 1
RATIO_DIGITS: Final = 6
RATIO_DECIMALS: Final = 10
# What every reader of JSON reads exactly.
GREATEST_COUNT: Final = 9_007_199_254_740_991
# What the sequence of a partition can reach in PostgreSQL.
GREATEST_SEQUENCE: Final = 9_223_372_036_854_775_807

ID_CHARACTERS: Final = 128
EVENT_ID_CHARACTERS: Final = 200
TEXT_CHARACTERS: Final = 2_000
EXTENSION_CHARACTERS: Final = 1_000

# Daily instalments for more than five years, weekly ones for 38.
MOST_INSTALMENTS: Final = 2_000
# Counters, and dates written as a number (20260331): the highest is in force, so a slip in the
# digits must not leave all that follow behind it.
GREATEST_SCHEDULE_VERSION: Final = 99_999_999
GREATEST_INSTALMENT_NO: Final = 100_000
MOST_ACCOUNTS: Final = 10_000
MOST_RELATED_PARTIES: Final = 10_000
MOST_LOANS_NAMED: Final = 1_000
MOST_PURPOSES: Final = 100
MOST_APPROVERS: Final = 10
MOST_EVIDENCE: Final = 100
MOST_HOLIDAYS: Final = 10_000
MOST_RATES: Final = 300
MOST_SECTORS: Final = 1_000

GREATEST_DAYS_PAST_DUE: Final = 36_500
GREATEST_GRACE_DAYS: Final = 366
GREATEST_MONTHS: Final = 1_000
GREATEST_ATTEMPT_NO: Final = 1_000
GREATEST_LIEN_RANK: Final = 100
