"""Starts alerts: settings, wiring, run."""
