"""Orders: what was bought, how it changes, and who is told."""

from commerce_graph.kernel.context import Resources
from commerce_graph.kernel.module import Job, Module
from commerce_graph.keys import CustomerKey, LocationKey, OrderKey, ProductKey, ProductVariantKey
from commerce_graph.order import handlers, rules, service
from commerce_graph.order.graph.balance import OrderBalance
from commerce_graph.order.graph.capture import CaptureMutation
from commerce_graph.order.graph.discount import (
    AutomaticDiscountApplication,
    DiscountCodeApplication,
    OrderDiscounts,
)
from commerce_graph.order.graph.edit import OrderEditMutation
from commerce_graph.order.graph.event import OrderTrail
from commerce_graph.order.graph.fulfillment import FulfillmentMutation, OrderFulfillments
from commerce_graph.order.graph.fulfillment_order import OrderFulfillmentOrders
from commerce_graph.order.graph.life import OrderMutation
from commerce_graph.order.graph.line import OrderLines
from commerce_graph.order.graph.listing import CustomerOrders, OrderQuery
from commerce_graph.order.graph.order import Order
from commerce_graph.order.graph.refund import OrderRefunds, RefundMutation
from commerce_graph.order.graph.return_ import OrderReturns
from commerce_graph.order.graph.returning import ReturnMutation, ReturnQuery
from commerce_graph.order.graph.transaction import OrderTransactions
from commerce_graph.order.graph.update import OrderSubscription
from commerce_graph.order.service.checks import CHECKS


class _Query(OrderQuery, ReturnQuery):
    """Orders and returns."""


class _Mutation(OrderMutation, OrderEditMutation, FulfillmentMutation, RefundMutation, ReturnMutation, CaptureMutation):
    """What is done with orders, parcels, payments, refunds and returns."""


async def _finish_refunds(resources: Resources) -> int:
    return await service.finish_refunds(resources.database)


async def _settle_orders(resources: Resources) -> int:
    return await service.settle_orders(resources.database)


module = Module(
    name="order",
    query=_Query,
    mutation=_Mutation,
    subscription=OrderSubscription,
    owns=(Order,),
    extends=(
        CustomerOrders, OrderBalance, OrderDiscounts, OrderFulfillmentOrders, OrderFulfillments, OrderLines,
        OrderRefunds, OrderReturns, OrderTrail, OrderTransactions,
    ),
    refers=(CustomerKey, LocationKey, OrderKey, ProductKey, ProductVariantKey),
    types=(AutomaticDiscountApplication, DiscountCodeApplication),
    machines=rules.MACHINES,
    handlers=(("PaymentAnswered", handlers.on_payment_answered),),
    jobs=(
        Job("order.finish_refunds", 15, _finish_refunds),
        Job("order.settle_orders", 15, _settle_orders),
    ),
    checks=CHECKS,
)  # fmt: skip
