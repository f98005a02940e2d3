"""Gift cards: money that pays for orders, and the ledger of where it went."""

from commerce_graph.gift_card import graph
from commerce_graph.gift_card.service.checks import CHECKS
from commerce_graph.kernel.module import Module
from commerce_graph.keys import CustomerKey, OrderKey

module = Module(
    name="gift_card",
    query=graph.GiftCardQuery,
    mutation=graph.GiftCardMutation,
    owns=(graph.GiftCard,),
    refers=(CustomerKey, OrderKey),
    types=(graph.GiftCardCreditTransaction, graph.GiftCardDebitTransaction),
    checks=CHECKS,
)
