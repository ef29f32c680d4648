"""Names the kinds of fact that an event can touch, as bits.

An event handler returns the bits of what it changed, an indicator declares those that it reads, and
exactly the indicators whose bits meet are measured again. A day close touches `DAY` and those of
the other day bits that it brings. The finer the bits, the less is measured twice.

Plain `Final` integers, used as `touched.LOANS`: the compiler puts them into the code, where an enum
would be searched and called.
"""

from typing import Final

PROFILE: Final = 1 << 0
LOANS: Final = 1 << 1
PAYMENTS: Final = 1 << 2
CREDITS: Final = 1 << 3
BALANCES: Final = 1 << 4
FACILITIES: Final = 1 << 5
STATEMENTS: Final = 1 << 6
BOUNCES: Final = 1 << 7
DAY: Final = 1 << 8
COLLATERAL: Final = 1 << 9
LINKS: Final = 1 << 10
COVENANTS: Final = 1 << 11
EXTERNAL: Final = 1 << 12
PROMISES: Final = 1 << 13
DEBITS: Final = 1 << 14
# Sums of a month that is over, or another month being the newest one that is over: what most
# flows leave alone, so that indicators of full months are measured once a month.
MONTHS: Final = 1 << 15
# Arrears or habits can differ without a payment: at a day close because an instalment fell due or
# ran out of its ten days, a loan ended or something is unpaid; or because a line goes over its
# limit.
DUES: Final = 1 << 16
# A day close for which the balances have not been judged yet.
BALANCE_DAY: Final = 1 << 17
# The same for lines and their limits.
LINE_DAY: Final = 1 << 18
# A day close on which a past delay may leave the memory of a year.
SCAR_DAY: Final = 1 << 19
# Inspections and findings of officers.
INSPECTIONS: Final = 1 << 20
# A day close of a borrower whose credit file has something that a day can change.
FILE_DAY: Final = 1 << 21
# Who receives this borrower's state; no indicator reads it.
DEPENDANTS: Final = 1 << 22
# A flow with another lender, or a day close while one is recent enough to be called new.
LENDERS: Final = 1 << 23
# Wages came, or a day close on which they may be late or one run of them is complete.
WAGES: Final = 1 << 24
# A cash withdrawal, or a day close while there are any: until then other debits only thin them.
CASH: Final = 1 << 25
# A tax, social charge or utility bill was paid.
DUTIES: Final = 1 << 26
# A day close while something falls due soon, or did when it was judged last. What the day brought
# to the accounts is taken up then: nothing falls due before.
COVER: Final = 1 << 27
# Decisions of people and concessions; no indicator reads it, the state machine does.
DECISIONS: Final = 1 << 28
# Money that is no revenue came in, or money went to or came from related parties; or a day close
# while either is inside its window.
OTHERS: Final = 1 << 29
# A drawdown, a flow against its purpose soon after one, or a day close while one is recent.
PROCEEDS: Final = 1 << 30
# A day close that brings other figures about sectors.
SECTORS: Final = 1 << 31
# A day close by which the newest statement has become too old.
STATEMENT_AGE: Final = 1 << 32
# A day close by which the arrears of lines alone can differ: one was reported or is over its limit.
LINE_DUES: Final = 1 << 33
EVERYTHING: Final = (1 << 34) - 1
# The past itself changed: the day counters are derived again. No kind of fact that is read.
PAST: Final = 1 << 34

FLOWS: Final = CREDITS | DEBITS | MONTHS | WAGES | CASH | DUTIES | LENDERS | PROCEEDS | OTHERS
# What is measured in the borrower's currency, of flows, balances and items of accounts.
CONVERTED: Final = FLOWS | DUTIES | BALANCES | BOUNCES | COVER
