"""The torture: the real system under kills, pauses and crashes, held to what it promises.

`make torture` runs it (`python -m tests.chaos --help`); `test_torture.py` runs the short profile
with the other tests. Read in this order: `profiles`, `world`, `feed`, `mischief`, `checks`, `run`.
"""
