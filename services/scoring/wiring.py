"""Builds scoring from its settings: the one place where its parts are chosen."""
