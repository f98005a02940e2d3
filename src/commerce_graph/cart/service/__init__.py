"""Carts: use cases, and the only door for other domains."""

from commerce_graph.cart.loaders import Address, Contents, Payment, contents
from commerce_graph.cart.rules import Notice
from commerce_graph.cart.service.delivery import (
    AddressInput,
    AddressUpdate,
    add_addresses,
    choose_delivery,
    remove_addresses,
    replace_addresses,
    update_addresses,
)
from commerce_graph.cart.service.details import (
    Buyer,
    NewCart,
    create,
    set_payment,
    update_attributes,
    update_buyer,
    update_discount_codes,
    update_note,
)
from commerce_graph.cart.service.edits import Written, no_such_cart
from commerce_graph.cart.service.gift_cards import add_gift_cards, remove_gift_cards, replace_gift_cards
from commerce_graph.cart.service.lines import LineInput, LineUpdate, add_lines, remove_lines, update_lines
from commerce_graph.cart.service.purchase import close, complete, lock, quote, quote_many, reopen, state
from commerce_graph.cart.service.quotes import Quote, QuotedLine, Sellable, quotes, sellable
from commerce_graph.cart.service.sums import Sums, record, replay

__all__ = [
    "Address", "AddressInput", "AddressUpdate", "Buyer", "Contents", "LineInput", "LineUpdate", "NewCart", "Notice",
    "Payment", "Quote", "QuotedLine", "Sellable", "Sums", "Written", "add_addresses", "add_gift_cards", "add_lines",
    "choose_delivery", "close", "complete", "contents", "create", "lock", "no_such_cart", "quote", "quote_many",
    "quotes", "record", "remove_addresses", "remove_gift_cards", "remove_lines", "reopen", "replace_addresses",
    "replace_gift_cards", "replay", "sellable", "set_payment", "state", "update_addresses", "update_attributes",
    "update_buyer", "update_discount_codes", "update_lines", "update_note",
]  # fmt: skip
