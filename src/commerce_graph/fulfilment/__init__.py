"""Fulfilment: what a delivery costs, what each location has to send, and what was sent. The order shows it."""

from commerce_graph.fulfilment.rules import FULFILLMENT_ORDER
from commerce_graph.kernel.module import Module

module = Module(name="fulfilment", machines=(FULFILLMENT_ORDER,))
