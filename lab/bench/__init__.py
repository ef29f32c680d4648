"""`tocsin bench`: measures what an event costs on this machine, next to the machine's own ceilings.

A shared machine steals CPU time, so the primary figure is CPU: user and system time of all
processes that serve the run (workers, broker, PostgreSQL), per event.
"""
