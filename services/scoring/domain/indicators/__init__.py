"""The indicator catalogue: one declaration and one pure function each."""
