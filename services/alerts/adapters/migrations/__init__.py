"""The migrations of schema `alerts`."""
