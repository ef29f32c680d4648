"""Starts scoring: settings, wiring, run."""
