"""Payments: every call to a provider is recorded before it is made, safe to repeat, and never inside a transaction.

The only door for other domains. Amounts: minor units of the order's currency.
"""

from commerce_graph.payment.loaders import balances, transactions
from commerce_graph.payment.rules import Balance, Opened, Outcome, Transaction
from commerce_graph.payment.service.authorization import (
    Answered,
    Due,
    Voiding,
    ask_authorization,
    authorize,
    open_balance,
    open_balances,
    open_void,
    record,
    record_together,
)
from commerce_graph.payment.service.books import step_of_id as transaction_of_id
from commerce_graph.payment.service.calls import POLICY, PROVIDERS, close_providers
from commerce_graph.payment.service.parts import open_part
from commerce_graph.payment.service.provider import Answer, Held, Provider, ProviderUnavailable
from commerce_graph.payment.service.settlement import (
    ask_capture,
    capture,
    give_back,
    go_on,
    mark_as_paid,
    open_captures,
    refund,
    void,
)
from commerce_graph.payment.service.stripe import Stripe

__all__ = [
    "POLICY", "PROVIDERS", "Answer", "Answered", "Balance", "Due", "Held", "Opened", "Outcome", "Provider",
    "ProviderUnavailable", "Stripe", "Transaction", "Voiding", "ask_authorization", "ask_capture", "authorize",
    "balances", "capture", "close_providers", "give_back", "go_on", "mark_as_paid", "open_balance", "open_balances",
    "open_captures", "open_part", "open_void", "record", "record_together", "refund",
    "transaction_of_id", "transactions", "void",
]  # fmt: skip
