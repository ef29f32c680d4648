"""The events that the services exchange: the only thing that they share about meaning."""
