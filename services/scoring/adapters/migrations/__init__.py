"""The migrations of schema `scoring`."""
