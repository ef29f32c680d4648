"""`tocsin rulebook`: checks, compares and calibrates rulebooks, and puts them into force."""
