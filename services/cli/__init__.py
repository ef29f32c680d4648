"""The `tocsin` command: what a bank runs on its own events."""
