"""The deterministic simulation: the real consumer, relay and dispatcher in a simulated world.

Broker, database, receivers, time and every fault follow from one seed, in one thread, without
waiting, so thousands of histories run in a minute and a failing one runs again exactly:
`python -m tests.simulation --seed N`. `tests/contract/test_simulated_servers.py` compares what is
simulated with the real servers.

Read in this order: `loop`, `fault_rates`, `database`, `statements`, `broker`, `work`,
`stream_world`, then `delivery_rows`, `webhook_world`; `playing` plays a seed and `__main__` many.
"""
