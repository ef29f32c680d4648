"""What all wings share of the database: one schema with its migrations, and single statements."""
