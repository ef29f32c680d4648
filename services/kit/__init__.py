"""Technical code of all services: Kafka, PostgreSQL, HTTP and access; no word of credit."""
