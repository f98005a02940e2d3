"""Purchases: a cart becomes an order, in one saga."""

from commerce_graph.checkout import graph, handlers
from commerce_graph.checkout.rules import ATTEMPT
from commerce_graph.checkout.service.checks import CHECKS
from commerce_graph.kernel.demand.gate import Rank
from commerce_graph.kernel.module import Job, Module
from commerce_graph.keys import CartKey

module = Module(
    name="checkout",
    query=graph.CheckoutQuery,
    mutation=graph.CheckoutMutation,
    refers=(CartKey,),
    handlers=(("PaymentAnswered", handlers.on_payment_answered),),
    machines=(ATTEMPT,),
    jobs=(Job("checkout.resume", every_s=1, run=handlers.resume),),
    checks=CHECKS,
    rank=Rank.PURCHASE,
)
