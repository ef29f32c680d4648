"""The migrations of the schema `ingest`; see services/kit/migrations.py."""
