"""Starts ingest: settings, wiring, run."""
