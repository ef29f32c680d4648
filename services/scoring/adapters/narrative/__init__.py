"""Explanations: an assessment in whole sentences."""
