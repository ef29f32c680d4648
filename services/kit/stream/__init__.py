"""The fenced consumer and the outbox: exactly once per event, over Kafka and PostgreSQL.

Kafka's group protocol decides which process should work on a partition (liveness); a row in
PostgreSQL decides which process may (safety). One transaction per batch changes the partition's
position, the handler's rows and the outbox together, so a crash at any moment leaves all of it or
nothing.

Read the consumer in this order: `records`, `handler`, `progress`, `transaction`, `partition`,
`consumer`, `resume`; then the outbox: `outbox`, `relay`, `producer`.
"""
