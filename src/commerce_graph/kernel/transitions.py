"""What makes the database refuse a step that a state machine does not have: a CHECK for states, a trigger for steps."""

from sqlalchemy import DDL, Table, event

from commerce_graph.kernel.database import metadata
from commerce_graph.kernel.states import Machine

REFUSE = """
CREATE OR REPLACE FUNCTION kernel.refuse_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
    CONSTRAINT = TG_NAME, MESSAGE = TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME || ' has no such step of its '
      || TG_ARGV[0] || coalesce(
        ': ' || (to_jsonb(OLD) ->> TG_ARGV[0]) || ' to ' || (to_jsonb(NEW) ->> TG_ARGV[0]), '');
END $$
"""
"""Only called for a step that is refused: a trigger's WHEN decides, which costs a row no call."""

event.listen(metadata, "before_create", DDL(REFUSE))  # type: ignore[no-untyped-call]


def trigger(table: str, column: str, machine: Machine, state: str | None = None) -> str:
    """Return the statement that makes a table refuse other steps than the machine's.

    `state`: SQL that tells the state of `{row}`, where no column holds it.
    """
    told = state or f"{{row}}.{column}"
    before, after = told.format(row="OLD"), told.format(row="NEW")
    steps = ", ".join(f"('{present}', '{wanted}')" for present, wanted, _ in machine.transitions)
    return (
        f"CREATE TRIGGER {column}_steps BEFORE UPDATE ON {table} FOR EACH ROW\n"
        f"WHEN ({before} <> {after} AND ({before}, {after}) NOT IN ({steps}))\n"
        f"EXECUTE FUNCTION kernel.refuse_transition('{column}')"
    )


def obeys(table: Table, column: str, machine: Machine, state: str | None = None) -> None:
    """Make the database refuse other steps of a table's rows than the machine's."""
    name = f'"{table.schema}"."{table.name}"'
    event.listen(table, "after_create", DDL(trigger(name, column, machine, state)))  # type: ignore[no-untyped-call]
