"""What people do, as verbs. Each takes a unit of work, an actor and ``now``, writes history
in the same transaction, and never commits."""
