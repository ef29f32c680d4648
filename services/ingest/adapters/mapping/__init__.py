"""Mappings from a bank's records to events: YAML documents with JMESPath expressions."""
