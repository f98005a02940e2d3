"""For how long a field's answer may be shown again. Whoever says nothing is not cached."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hint:
    """What a field, or the fields of a type, say of their answers."""

    max_age_s: int
    """For how long an answer may be shown again if nothing it is about changes; 0: never."""
    about: tuple[str, ...] = ()
    """Kinds of which anything that changes, enters or leaves may change the answer, such as of a list."""
    absent: tuple[str, ...] = ()
    """As `about`, where a field of the root answers null: the thing may come to be."""


NEVER = Hint(0)
CATALOGUE = Hint(60)
"""A product, collection or price as it is shown; its changes are told by facts."""
PRODUCTS = Hint(60, about=("Product",))
PRODUCT = Hint(60, absent=("Product",))
COLLECTION = Hint(60, absent=("Collection",))
COLLECTIONS = Hint(60, about=("Collection",))
PUBLISHED = Hint(300, about=("Page", "Blog", "Article"))
"""What a shop publishes besides goods."""
SHOP = Hint(300)
SCHEMA = Hint(300)
"""What the schema tells of itself. Another release answers under keys of its own."""
