"""Alembic migrations of the store, on SQLite and PostgreSQL. `migrations.run.upgrade` runs them."""
