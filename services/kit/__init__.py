"""Technical code shared by the services: knows Kafka, PostgreSQL and HTTP; no word of credit."""
