"""Histories that arrive in disorder: `python -m tests.histories` plays the given number.

A history is what happened to a borrower, each thing on its own day. `happenings` draws it,
`arrival` makes two logs of it (as a bank would wish, and as banks are), `worker` sends the second
one through the service's own write side in random batches, and `same` defines what must be the same
and what may differ: docs/explanation/proof.md.
"""
