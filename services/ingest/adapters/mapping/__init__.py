"""Mappings from a bank's own records to ours: YAML documents with JMESPath expressions."""
