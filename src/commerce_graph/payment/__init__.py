"""Payments: what was set aside, taken and given back for an order, through providers that may not answer."""

from commerce_graph.kernel.graph import Module

module = Module(name="payment")
