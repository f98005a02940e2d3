"""Who reads content, and so what there is for them."""

from typing import Any

from sqlalchemy import ColumnElement, Table, func

from commerce_graph.kernel.auth import Principal, scopes

READ_CONTENT = scopes("read_content")


def sees_all(caller: Principal) -> bool:
    """Tell whether a caller sees what is not published: a merchant does, a shopper of a channel does not."""
    return caller.channel_id is None and caller.may(READ_CONTENT)


def seen(table: Table, everything: bool) -> list[ColumnElement[bool]]:
    """Return the conditions on pages or articles under which they are seen."""
    return [] if everything else [table.c.published_at <= func.now()]


def shown(table: Table) -> list[ColumnElement[Any]]:
    """Return what a thing is shown with: its columns without the search vector."""
    return [column for column in table.c if column.name != "search"]
