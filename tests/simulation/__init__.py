"""The deterministic simulation: real consumer, relay and dispatcher in a world made of numbers.

Broker, database, receivers, time and every fault follow from one seed, in one thread, without
any waiting, so thousands of histories run in a minute and a failing one runs again exactly:
`python -m tests.simulation --seed N`. What is simulated is held to the real servers by
`tests/contract/test_simulated_servers.py`.

Read in this order: `loop`, `mischief`, `database`, `statements`, `broker`, `work`,
`stream_world`, then `delivery_rows`, `webhook_world`; `playing` plays a seed and `__main__` many.
"""
