"""API keys: who may call, in which roles. Owns the PostgreSQL schema `access`."""
