"""Persons and API keys: who may call, in which roles, and who that is. Owns the schema `access`."""
