"""What happens to whom in a bank's office, on a virtual clock."""
