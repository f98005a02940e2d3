"""Batched reads of discounts: n keys in, n results in input order, one statement a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Executable,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.discount.rules import Discount, from_document
from commerce_graph.discount.tables import code, discount, redemption
from commerce_graph.kernel import query_syntax as syntax
from commerce_graph.kernel.clock import now
from commerce_graph.kernel.limits import AUTOMATIC_DISCOUNTS_MAX
from commerce_graph.kernel.pages import Order, Page, PageArguments, read_page
from commerce_graph.kernel.statements import any_of, built_once

LISTED = Order((discount.c.id,))


@dataclass(frozen=True, slots=True)
class Asked:
    """Which discounts a purchase asks for: those of its codes (casefolded), besides all that apply by themselves."""

    codes: tuple[str, ...]
    customer_id: UUID | None
    contact: str | None


class DiscountRow(Protocol):
    """A row of the discount table with its codes, so that what reads it can be checked."""

    id: UUID
    method: str
    kind: str
    discount_class: str
    title: str
    terms: Mapping[str, Any]
    priority: int
    starts_at: datetime
    ends_at: datetime | None
    once_per_customer: bool
    usage_limit: int | None
    used: int
    version: int
    created_at: datetime
    updated_at: datetime
    codes: Sequence[str]
    uses: int


async def candidates(conn: AsyncConnection, asked: Sequence[Asked]) -> list[tuple[Discount, ...]]:
    """Return the discounts that each purchase may be held against: those that run by themselves, and those of its
    codes whether they run or not. Shape: n keys → n results in input order; 1 statement.

    Limits: AUTOMATIC_DISCOUNTS_MAX.
    """
    codes = sorted({each for one in asked for each in one.codes})
    buyers = {
        "customers": [one.customer_id for one in asked if one.customer_id],
        "contacts": [one.contact for one in asked if one.contact],
    }
    given = {**buyers, "at": now()} | ({"codes": codes} if codes else {})
    rows = (await conn.execute(_running(named=bool(codes)), given)).all()
    automatic = [row for row in rows if row.code is None]
    of_code = {row.folded: row for row in rows if row.code is not None}
    return [_candidates(one, automatic, of_code) for one in asked]


@built_once
def _running(*, named: bool) -> Executable:
    """Return the statement that reads what runs by itself, and what is `named` by codes."""
    at = bindparam("at", type_=discount.c.starts_at.type)
    running = select(discount, null().label("code"), null().label("folded"), _had().label("had")).where(
        discount.c.method == "AUTOMATIC",
        discount.c.starts_at <= at,
        or_(discount.c.ends_at.is_(None), discount.c.ends_at > at),
    )
    running = running.order_by(discount.c.id).limit(AUTOMATIC_DISCOUNTS_MAX)
    if not named:
        return running
    of_code = select(discount, code.c.code, code.c.folded, _had().label("had")).join(code)
    wanted = any_of("codes", Text)
    return select(running.subquery()).union_all(of_code.where(code.c.folded == wanted))


def _had() -> ColumnElement[Any]:
    """Return who of the buyers, `customers` and `contacts`, has had a discount that can be had once."""
    buyers = array([cast(redemption.c.customer_id, Text), redemption.c.contact])
    uses = select(func.unnest(buyers)).where(
        discount.c.once_per_customer,
        redemption.c.discount_id == discount.c.id,
        redemption.c.state != "RELEASED",
        redemption.c.once_per_customer,
        or_(
            redemption.c.customer_id == any_of("customers", Uuid),
            redemption.c.contact == any_of("contacts", Text),
        ),
    )
    return func.array(uses.correlate(discount).scalar_subquery(), type_=ARRAY(Text))


def _candidates(one: Asked, automatic: Sequence[Any], of_code: Mapping[str, Any]) -> tuple[Discount, ...]:
    named = (of_code[folded] for folded in one.codes if folded in of_code)
    # Two codes of one discount are one discount: the first counts.
    found = {row.id: row for row in (*automatic, *list(named)[::-1])}
    return tuple(terms(row, code_=row.code, used_before=_is_among(one, row.had)) for row in found.values())


def _is_among(one: Asked, had: Sequence[str]) -> bool:
    return (one.customer_id is not None and str(one.customer_id) in had) or (
        one.contact is not None and one.contact in had
    )


def terms(row: Any, *, code_: str | None = None, used_before: bool = False) -> Discount:
    """Return a row as the discount that rules know."""
    columns = {
        "id": str(row.id), "kind": row.kind, "title": row.title, "discount_class": row.discount_class,
        "priority": row.priority, "once_per_customer": row.once_per_customer, "usage_limit": row.usage_limit,
        "used": row.used, "version": row.version, "code": code_, "used_before": used_before,
        "starts_at": row.starts_at.isoformat(), "ends_at": row.ends_at and row.ends_at.isoformat(),
    }  # fmt: skip
    return from_document(Discount, {**row.terms, **columns})


def _shown() -> Select[Any]:
    codes = select(code.c.code).where(code.c.discount_id == discount.c.id).order_by(code.c.id).scalar_subquery()
    uses = (
        select(func.count())
        .where(redemption.c.discount_id == discount.c.id, redemption.c.state != "RELEASED")
        .scalar_subquery()
    )
    return select(discount, func.array(codes, type_=ARRAY(Text)).label("codes"), uses.label("uses"))


async def discounts(conn: AsyncConnection, ids: Sequence[UUID]) -> list[DiscountRow | None]:
    """Return discounts with their codes. Shape: n keys → n results in input order, None where there is none;
    1 statement.
    """
    rows: dict[UUID, Any] = {
        row.id: row for row in await conn.execute(_shown().where(discount.c.id == any_(cast(list(ids), ARRAY(Uuid)))))
    }
    return [rows.get(each) for each in ids]


async def ids_by_code(conn: AsyncConnection, codes: Sequence[str]) -> list[UUID | None]:
    """Return the discounts of casefolded codes. Shape: n keys → n results in input order; 1 statement."""
    wanted = select(code.c.folded, code.c.discount_id).where(code.c.folded == any_(cast(list(codes), ARRAY(Text))))
    found = {row.folded: row.discount_id for row in await conn.execute(wanted)}
    return [found.get(each) for each in codes]


def _status(term: syntax.Term) -> ColumnElement[bool]:
    at = now()
    ended = discount.c.ends_at.is_not(None) & (discount.c.ends_at <= at)
    meanings = {
        "active": (discount.c.starts_at <= at) & ~ended,
        "expired": ended,
        "scheduled": discount.c.starts_at > at,
    }
    return meanings.get(term.value.lower(), literal(False))


def _words(term: syntax.Term) -> ColumnElement[bool]:
    named = select(code.c.discount_id).where(code.c.folded == term.value.casefold())
    return or_(func.lower(discount.c.title) == term.value.lower(), discount.c.id.in_(named))


FILTERS: Mapping[str, syntax.Meaning] = {
    "code": lambda term: discount.c.id.in_(
        select(code.c.discount_id).where(code.c.folded.in_([value.casefold() for value in term.values]))
    ),
    "created_at": syntax.moment_field(discount.c.created_at),
    "ends_at": syntax.moment_field(discount.c.ends_at),
    "starts_at": syntax.moment_field(discount.c.starts_at),
    "status": _status,
    "title": lambda term: func.lower(discount.c.title).in_([value.lower() for value in term.values]),
}


async def page(conn: AsyncConnection, method: str, query: str | None, args: PageArguments) -> Page:
    """Return a page of the discounts of a method, the oldest first. 1 statement."""
    asked = syntax.condition(syntax.parse(query), FILTERS, _words)
    return await read_page(conn, _shown().where(discount.c.method == method, asked), LISTED, args)
