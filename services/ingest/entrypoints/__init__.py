"""Doors: HTTP applications and consumers."""
