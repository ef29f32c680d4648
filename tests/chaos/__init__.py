"""The torture: the real system under kills, pauses and crashes, held to what it promises.

`make torture` runs it (`python -m tests.chaos --help`); `test_torture.py` asserts the short profile
and is not part of `make test` yet. Read in this order: `profiles`, `world`, `feed`, `mischief`,
`checks`, `run`.
"""
