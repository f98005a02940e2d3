"""Collections whose rules may ask for prices, in the primary market's currency."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.catalog import service as catalog
from commerce_graph.catalog.service import NewCollection, Rule, RuleSet
from commerce_graph.kernel.errors import Rejected
from commerce_graph.merchandising.errors import INVALID_INPUT
from commerce_graph.merchandising.rules import price_minor
from commerce_graph.pricing import service as pricing


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule as it is written; the condition of a VARIANT_PRICE rule is an amount such as 10.50."""

    column: str
    relation: str
    condition: str


async def create_collection(
    tx: AsyncConnection, new: NewCollection, rules: Sequence[NewRule] | None, *, disjunctively: bool
) -> UUID:
    """Create a collection and return its id.

    A rule on prices keeps the primary market of this moment and the amount in its minor units: another market that
    becomes the primary one later does not change what the rule means.
    Limits, locks, emits, raises: as `catalog.create_collection`.
    """
    return await catalog.create_collection(tx, await _with_rules(tx, new, rules, disjunctively=disjunctively))


async def update_collection(
    tx: AsyncConnection,
    collection_id: UUID | None,
    new: NewCollection,
    rules: Sequence[NewRule] | None,
    *,
    disjunctively: bool,
) -> UUID:
    """Change a collection and return its id.

    Limits, locks, emits, raises: as `catalog.update_collection`, and Rejected(INVALID_INPUT) where no id is given.
    """
    if collection_id is None:
        raise Rejected(INVALID_INPUT, ["id"], "say which collection to change")
    await catalog.update_collection(tx, collection_id, await _with_rules(tx, new, rules, disjunctively=disjunctively))
    return collection_id


async def _with_rules(
    tx: AsyncConnection, new: NewCollection, rules: Sequence[NewRule] | None, *, disjunctively: bool
) -> NewCollection:
    return new if rules is None else replace(new, rule_set=RuleSet(await _priced(tx, rules), disjunctively))


async def _priced(tx: AsyncConnection, rules: Sequence[NewRule]) -> tuple[Rule, ...]:
    market = await pricing.primary_market(tx) if any(each.column == "VARIANT_PRICE" for each in rules) else None
    found = []
    for index, each in enumerate(rules):
        rule = Rule(each.column, each.relation, each.condition)
        if market is not None and each.column == "VARIANT_PRICE":
            path = ["ruleSet", "rules", str(index), "condition"]
            try:
                amount = Decimal(each.condition.strip())
            except InvalidOperation:
                raise Rejected(INVALID_INPUT, path, "is not an amount such as 10.50") from None
            rule = replace(rule, market_id=market.id, amount_minor=price_minor(amount, market.currency, path))
        found.append(rule)
    return tuple(found)
