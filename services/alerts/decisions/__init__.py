"""Decides: what opens, changes and ends an alert, who owns it and until when."""
