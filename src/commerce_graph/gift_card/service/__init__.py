"""Gift cards: use cases, and the only door for other domains. Amounts: minor units of the card's currency."""

from commerce_graph.gift_card.loaders import cards
from commerce_graph.gift_card.rules import Card, Part, lacking, parts, why_not
from commerce_graph.gift_card.service.codes import find
from commerce_graph.gift_card.service.ledger import Spent, give_back, lock, pay
from commerce_graph.gift_card.service.writing import (
    Adjustment,
    Change,
    NewCard,
    change,
    create,
    credit,
    deactivate,
    debit,
)

__all__ = [
    "Adjustment", "Card", "Change", "NewCard", "Part", "Spent", "cards", "change", "create", "credit", "deactivate",
    "debit", "find", "give_back", "lacking", "lock", "parts", "pay", "why_not",
]  # fmt: skip
