"""A real Kafka and a real PostgreSQL on this machine, without Docker and without root.

`tocsin stack`, the demo and the tests use it. Invariant: everything that was started is stopped,
and nothing is stopped that was not started here. `local.LocalStack` is the entry point for Python
code; each of the other modules is about one thing (Java, jars, ports, …).
"""
