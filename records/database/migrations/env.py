"""Run by Alembic with the connection, already in a write transaction, that `records.database.schema` hands over."""

from alembic import context

from records.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
