"""`tocsin evaluate`: measures the assessments of a history against its outcomes."""
