"""Customers: accounts, sign-in and the addresses they keep."""

from commerce_graph.kernel.graph import Module

module = Module(name="customer")
