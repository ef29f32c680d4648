"""The migrations of the schema `alerts`: one schema for all wings."""
