"""What Alembic runs: on the connection that `commerce_graph.migration` hands over, one transaction a revision."""

from alembic import context

from commerce_graph.kernel.database import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_schemas=True,
    version_table="revision",
    version_table_schema="kernel",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
