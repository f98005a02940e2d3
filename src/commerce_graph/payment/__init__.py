"""Payments: what was set aside, taken and given back for an order, through providers that may not answer."""

from commerce_graph.kernel.module import Job, Module
from commerce_graph.payment.graph.challenge import routes
from commerce_graph.payment.service.checks import CHECKS
from commerce_graph.payment.service.recovery import SETTLE_AFTER_S, settle

module = Module(name="payment", jobs=(Job("payment.settle", SETTLE_AFTER_S / 2, settle),), routes=routes, checks=CHECKS)
