"""What an order comes to by now, what of it was paid, and what is left to pay."""

from collections.abc import Callable, Sequence
from typing import Any

from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, object_type
from commerce_graph.keys import OrderKey
from commerce_graph.order import loaders, rules
from commerce_graph.order.graph.money import MoneyBag, bag
from commerce_graph.payment import service as payment


@object_type(name="Order")
class OrderBalance(OrderKey):
    """The money of an order as it is by now."""

    @batch_field
    async def current_total_price_set(parents: Sequence[OrderKey], ctx: Context) -> list[MoneyBag]:
        """What the order comes to after edits, returns and refunds; nothing once it is cancelled."""
        keys = [parent.uuid for parent in parents]
        rows, lines, refunds = [
            await ctx.load_many(each, keys) for each in (loaders.orders, loaders.lines, loaders.refunds)
        ]
        found = []
        for row, theirs, made in zip(rows, lines, refunds, strict=True):
            priced = [rules.Priced(line.total_minor, line.tax_minor) for line in theirs]
            shares = rules.shares(row.total_minor, row.shipping_minor, row.tax_minor, row.tax_included, priced)
            pieces = [(line.quantity, line.current_quantity) for line in theirs]
            shipped = sum(each.shipping_minor for each in made if each.status != "FAILURE")
            left = 0 if row.cancelled_at else rules.left_of(shares, pieces) - shipped
            found.append(bag(left, row.currency))
        return found

    @batch_field
    async def total_outstanding_set(parents: Sequence[OrderKey], ctx: Context) -> list[MoneyBag]:
        """What the buyer has to pay still; nothing once the order is cancelled."""
        return await _bags(
            parents, ctx, lambda row, money: 0 if row.cancelled_at else money.due_minor - money.captured_minor
        )

    @batch_field
    async def total_received_set(parents: Sequence[OrderKey], ctx: Context) -> list[MoneyBag]:
        """What was captured so far."""
        return await _bags(parents, ctx, lambda row, money: money.captured_minor)

    @batch_field
    async def net_payment_set(parents: Sequence[OrderKey], ctx: Context) -> list[MoneyBag]:
        """What was captured so far, less what was given back."""
        return await _bags(parents, ctx, lambda row, money: money.captured_minor - money.refunded_minor)


async def _bags(
    parents: Sequence[OrderKey], ctx: Context, amount: Callable[[Any, payment.Balance], int]
) -> list[MoneyBag]:
    keys = [parent.uuid for parent in parents]
    rows, balances = await ctx.load_many(loaders.orders, keys), await ctx.load_many(payment.balances, keys)
    return [bag(amount(row, money) if money else 0, row.currency) for row, money in zip(rows, balances, strict=True)]
