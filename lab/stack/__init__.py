"""A real Kafka and a real PostgreSQL on this machine, without Docker and without root.

`tocsin stack`, the demo and the tests use it. The one promise to keep: whatever was started is
stopped again, and nothing is ever stopped that was not started here. `local.LocalStack` is the
entry point for Python code; the other modules each know one thing (Java, jars, ports, …).
"""
