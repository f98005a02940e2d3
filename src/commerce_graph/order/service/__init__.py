"""Orders: use cases, and the only door for other domains."""

from commerce_graph.order.service.placement import NewLine, NewOrder, note_payment, place

__all__ = ["NewLine", "NewOrder", "note_payment", "place"]
