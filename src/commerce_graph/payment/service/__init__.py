"""Payments: every call to a provider is recorded before it is made, safe to repeat, and never inside a transaction.

The only door for other domains. Amounts: minor units of the order's currency.
"""

from commerce_graph.payment.loaders import balances, transactions
from commerce_graph.payment.rules import Balance, Opened, Outcome, Transaction
from commerce_graph.payment.service.authorization import Due, authorize, open_balance, open_balances
from commerce_graph.payment.service.calls import PROVIDERS
from commerce_graph.payment.service.provider import Answer, Provider, ProviderUnavailable
from commerce_graph.payment.service.settlement import capture, mark_as_paid, open_capture, refund, void

__all__ = [
    "PROVIDERS", "Answer", "Balance", "Due", "Opened", "Outcome", "Provider", "ProviderUnavailable", "Transaction",
    "authorize", "balances", "capture", "mark_as_paid", "open_balance", "open_balances", "open_capture", "refund",
    "transactions", "void",
]  # fmt: skip
