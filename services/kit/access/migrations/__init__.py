"""The migrations of the schema `access`; see services/kit/migrations.py."""
