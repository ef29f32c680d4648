"""`tocsin evaluate`: what the assessments of a history would have been worth, by its outcomes."""
