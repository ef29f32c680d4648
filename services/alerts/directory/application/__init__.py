"""What the wing needs of the outside, as ports."""
