"""The torture: the real system under kills, pauses and crashes, compared with its promises.

`make torture` runs it (`python -m tests.chaos --help`); `test_torture.py` asserts the short profile
in `make test`. Read in this order: `profiles`, `system`, `feed`, `fault_injector`, `checks`, `run`.
"""
