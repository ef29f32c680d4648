"""Ports made real: PostgreSQL, Kafka, HTTP."""
