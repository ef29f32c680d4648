"""The `tocsin` command: local stack, demo, migration, replay, verification and benchmarks."""
