"""SQLAlchemy tables and their invariants. No Flask, no engine."""
