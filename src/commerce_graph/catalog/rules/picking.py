"""Which products a collection's rules pick."""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from commerce_graph.catalog.errors import INVALID_INPUT
from commerce_graph.catalog.rules.texts import checked
from commerce_graph.kernel.errors import Rejected
from commerce_graph.kernel.limits import COLLECTION_RULES_MAX

_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

COLUMNS = ("TITLE", "TYPE", "VENDOR", "TAG", "VARIANT_PRICE")
TEXT_RELATIONS = ("EQUALS", "NOT_EQUALS", "CONTAINS", "NOT_CONTAINS", "STARTS_WITH", "ENDS_WITH")
PRICE_RELATIONS = ("EQUALS", "NOT_EQUALS", "GREATER_THAN", "LESS_THAN")


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition that a product meets or not. A VARIANT_PRICE rule says in which market, in its minor units."""

    column: str
    relation: str
    condition: str
    market_id: UUID | None = None
    amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A collection's rules: a product must meet all of them, or any where they are applied disjunctively."""

    rules: tuple[Rule, ...]
    applied_disjunctively: bool = False


@dataclass(frozen=True, slots=True)
class Traits:
    """What rules look at: a product's texts, and its price range (lowest, highest) by market."""

    title: str
    product_type: str
    vendor: str
    tags: Sequence[str]
    prices: Mapping[UUID, tuple[int, int]]


def check_rule_set(rule_set: RuleSet) -> RuleSet:
    """Return a rule set with tidy conditions.

    Limits: 1..COLLECTION_RULES_MAX rules, TITLE_CHARS_MAX characters a condition.
    Raises: Rejected(INVALID_INPUT), in `ruleSet`, `rules`, index, member.
    """
    if not 1 <= len(rule_set.rules) <= COLLECTION_RULES_MAX:
        raise Rejected(INVALID_INPUT, ["ruleSet", "rules"], f"there can be 1 to {COLLECTION_RULES_MAX} rules")
    tidy = []
    for index, rule in enumerate(rule_set.rules):
        at = ["ruleSet", "rules", str(index)]
        priced = rule.column == "VARIANT_PRICE"
        if rule.relation not in (PRICE_RELATIONS if priced else TEXT_RELATIONS):
            raise Rejected(INVALID_INPUT, [*at, "relation"], f"{rule.relation} does not fit {rule.column}")
        condition = checked(rule.condition, [*at, "condition"])
        if not condition or (priced and rule.amount_minor is None):
            raise Rejected(INVALID_INPUT, [*at, "condition"], "a rule needs something to compare with")
        tidy.append(replace(rule, condition=condition))
    return replace(rule_set, rules=tuple(tidy))


def picks(rule_set: RuleSet, traits: Traits) -> bool:
    """Tell whether a collection with these rules holds a product with these traits.

    Texts are compared without regard to the case of A to Z. A TAG rule is met by any tag. A VARIANT_PRICE rule looks
    at the lowest and the highest price of the variants, and a product without a price meets none. The SQL in
    service/membership.py says the same; a property test holds them together.
    """
    met = [_met(rule, traits) for rule in rule_set.rules]
    return any(met) if rule_set.applied_disjunctively else bool(met) and all(met)


def _met(rule: Rule, traits: Traits) -> bool:
    if rule.column == "VARIANT_PRICE":
        bounds = traits.prices.get(rule.market_id) if rule.market_id else None
        if bounds is None or rule.amount_minor is None:
            return False
        amount = rule.amount_minor
        return {
            "EQUALS": amount in bounds, "NOT_EQUALS": amount not in bounds,
            "GREATER_THAN": bounds[1] > amount, "LESS_THAN": bounds[0] < amount,
        }[rule.relation]  # fmt: skip
    subjects = {"TITLE": [traits.title], "TYPE": [traits.product_type], "VENDOR": [traits.vendor], "TAG": traits.tags}
    wanted = rule.condition.translate(_FOLD)
    kind = rule.relation.removeprefix("NOT_")
    found = any(_like(kind, subject.translate(_FOLD), wanted) for subject in subjects[rule.column])
    return found != rule.relation.startswith("NOT_")


def _like(kind: str, subject: str, wanted: str) -> bool:
    return {
        "EQUALS": subject == wanted, "CONTAINS": wanted in subject,
        "STARTS_WITH": subject.startswith(wanted), "ENDS_WITH": subject.endswith(wanted),
    }[kind]  # fmt: skip
