"""The fenced consumer and what belongs to it: exactly once per event, over Kafka and PostgreSQL.

Kafka's group protocol says who should work on a partition (liveness); a row in PostgreSQL
says who may (safety). One transaction per batch of one partition changes the position, the
handler's rows and the outbox together, so a crash at any moment leaves either all or nothing.

Read it in this order: `records`, `handler`, `progress`, `transaction`, `chain`,
`partition`, `consumer`; then `outbox`, `relay`, `producer`.
"""
