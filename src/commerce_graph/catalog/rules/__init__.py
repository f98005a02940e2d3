"""The catalogue's decisions, pure: texts, options and variants, and which products a collection's rules pick."""

from commerce_graph.catalog.rules.assortment import (
    DEFAULT_OPTION,
    Assortment,
    Option,
    Settled,
    Wish,
    assort,
    check_options,
)
from commerce_graph.catalog.rules.picking import (
    COLUMNS,
    PRICE_RELATIONS,
    TEXT_RELATIONS,
    Rule,
    RuleSet,
    Traits,
    check_rule_set,
    picks,
)
from commerce_graph.catalog.rules.texts import checked, checked_url, tidy_tags
from commerce_graph.kernel.texts import handle_of, numbered, text_of

__all__ = [
    "COLUMNS", "DEFAULT_OPTION", "PRICE_RELATIONS", "TEXT_RELATIONS", "Assortment", "Option", "Rule", "RuleSet",
    "Settled", "Traits", "Wish", "assort", "check_options", "check_rule_set", "checked", "checked_url", "handle_of",
    "numbered", "picks", "text_of", "tidy_tags",
]  # fmt: skip
