"""Alembic's environment and the schema's versions, shipped with the package and run when a database is opened."""
