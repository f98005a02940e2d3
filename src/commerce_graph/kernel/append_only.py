"""Tables that only grow: the database refuses to change or remove what is in them."""

from sqlalchemy import DDL, Table, event

from commerce_graph.kernel.database import metadata

REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION kernel.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
    MESSAGE = TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME
      || ' only grows, it is append-only: add a row that says what is different';
END $$
"""


def refusing(table: str) -> str:
    """Return the statement by which a table, such as `inventory.movement`, refuses UPDATE, DELETE and TRUNCATE."""
    return (
        f"CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION kernel.refuse_change()"
    )


def only_grows(table: Table) -> Table:
    """Have a table refuse every change but an INSERT, and return it."""
    event.listen(table, "after_create", DDL(refusing(table.fullname)))  # type: ignore[no-untyped-call]
    return table


event.listen(metadata, "before_create", DDL(REFUSE_CHANGE))  # type: ignore[no-untyped-call]
