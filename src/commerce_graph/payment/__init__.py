"""Payments: what was set aside, taken and given back for an order, through providers that may not answer."""

from commerce_graph.kernel.module import Job, Module
from commerce_graph.payment.graph.challenge import routes
from commerce_graph.payment.graph.stripe import routes as stripe_routes
from commerce_graph.payment.service.checks import CHECKS
from commerce_graph.payment.service.recovery import ORPHAN_AFTER_S, SETTLE_AFTER_S, settle, void_orphans

module = Module(
    name="payment",
    jobs=(
        Job("payment.settle", SETTLE_AFTER_S / 2, settle),
        Job("payment.void_orphans", ORPHAN_AFTER_S / 2, void_orphans),
    ),
    routes=(*routes, *stripe_routes),
    checks=CHECKS,
)
