"""Borrowers as proposals show them, and the events of approved overrides."""
