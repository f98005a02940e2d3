"""What discounts are, which of them a purchase gets, and what each takes off. Pure."""

from commerce_graph.discount.rules.breakdown import Outcome, from_documents, outcomes, to_documents
from commerce_graph.discount.rules.checking import check, class_of
from commerce_graph.discount.rules.choice import Applied, Decision, Verdict, decide
from commerce_graph.discount.rules.definition import Discount, Goods, Items, Purchase, narrowed
from commerce_graph.discount.rules.document import from_document, to_document
from commerce_graph.discount.rules.eligibility import Reason

__all__ = [
    "Applied", "Decision", "Discount", "Goods", "Items", "Outcome", "Purchase", "Reason", "Verdict",
    "check", "class_of", "decide",
    "from_document", "from_documents", "narrowed", "outcomes", "to_document", "to_documents",
]  # fmt: skip
