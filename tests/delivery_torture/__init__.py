"""Kills dispatchers of deliveries while receivers fail, then compares what arrived with the rows.

Only the database, the dispatchers and the receivers are real processes here: no broker is needed to
deliver. `tests/chaos` tortures the whole system.
"""
