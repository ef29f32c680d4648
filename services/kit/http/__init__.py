"""Conventions of the HTTP APIs that every service keeps."""
