"""The demo shop Larkmoor: believable, deterministic, written by COPY; and its pictures, drawn on request."""

from commerce_graph.demo.fill import ShopNotEmpty, is_empty, seed
from commerce_graph.demo.people import DEMO_EMAIL, DEMO_PASSWORD
from commerce_graph.demo.world import CHANNEL_ID

__all__ = ["CHANNEL_ID", "DEMO_EMAIL", "DEMO_PASSWORD", "ShopNotEmpty", "is_empty", "seed"]
