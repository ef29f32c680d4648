"""Explanations in the reader's language: catalogues, figures as written there, whole sentences."""
