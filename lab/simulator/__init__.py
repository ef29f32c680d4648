"""Simulates a core bank: a labelled synthetic portfolio, deterministic by seed."""
