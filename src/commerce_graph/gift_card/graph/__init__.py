"""Gift cards in the graph."""

from commerce_graph.gift_card.graph.card import GiftCard, GiftCardCreditTransaction, GiftCardDebitTransaction
from commerce_graph.gift_card.graph.editing import GiftCardMutation
from commerce_graph.gift_card.graph.listing import GiftCardQuery

__all__ = [
    "GiftCard", "GiftCardCreditTransaction", "GiftCardDebitTransaction", "GiftCardMutation", "GiftCardQuery",
]  # fmt: skip
