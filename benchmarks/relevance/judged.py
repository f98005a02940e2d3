"""The judged queries: what is asked, and what each product of the demo shop is worth as an answer. Pure."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log2
from pathlib import Path
from uuid import UUID

from commerce_graph.demo.catalogue import Catalogue, Product

PRODUCTS = 1_000
"""How many products the demo shop has that the queries are about."""
QUERIES = Path(__file__).parent / "queries.toml"
GRADES = {"best": 3, "good": 2, "fair": 1}
TOP = 10

Holds = Callable[[Product], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """A query with its rules by grade, the best first. `typing`: its last word may go on."""

    category: str
    ask: str
    rules: tuple[tuple[int, Holds], ...]
    typing: bool = False

    def grade(self, product: Product) -> int:
        """Return what a product is worth as an answer, from 0 to 3."""
        return next((grade for grade, holds in self.rules if holds(product)), 0)


class Judged:
    """The judged queries with the grades of all products that shoppers see."""

    def __init__(self, path: Path = QUERIES) -> None:
        told = tomllib.loads(path.read_text())
        self.synonyms: tuple[tuple[str, ...], ...] = tuple(tuple(group) for group in told.pop("synonyms"))
        self.queries = tuple(_query(category, row) for category, rows in told.items() for row in rows)

    @cached_property
    def products(self) -> Sequence[Product]:
        """The products of the demo shop that shoppers see."""
        catalogue = Catalogue(PRODUCTS)
        return [made for made in map(catalogue.product, range(PRODUCTS)) if made.published]

    def grades(self, query: Query) -> Mapping[UUID, int]:
        """Return the grades of a query's answers by product, those of 0 left out."""
        graded = {product.id: query.grade(product) for product in self.products}
        return {key: grade for key, grade in graded.items() if grade}


def ndcg(found: Sequence[UUID], grades: Mapping[UUID, int]) -> float:
    """Return the normalised discounted cumulative gain of the first TOP answers: 1 where none could be better."""
    best = _gain(sorted(grades.values(), reverse=True)[:TOP])
    return _gain([grades.get(key, 0) for key in found[:TOP]]) / best


def _gain(grades: Sequence[int]) -> float:
    return sum((2**grade - 1) / log2(place + 2) for place, grade in enumerate(grades))


def _query(category: str, row: Mapping[str, str]) -> Query:
    rules = tuple((GRADES[name], _any(row[name])) for name in GRADES if name in row)
    unknown = set(row) - {"ask", "typing", *GRADES}
    if unknown or bool(rules) == (category == "rightly nothing"):
        raise ValueError(f"{category}: {row['ask']}: {unknown or 'a query finds something or rightly nothing'}")
    return Query(category, row["ask"], rules, bool(row.get("typing")))


def _any(rule: str) -> Holds:
    ways = [[_condition(part) for part in way.split("&&")] for way in rule.split(" ; ")]
    return lambda product: any(all(holds(product) for holds in way) for way in ways)


_FIELDS: Mapping[str, Callable[[Product], Sequence[str]]] = {
    "kind": lambda product: [product.ware.kind],
    "made": lambda product: [product.words["modifier"]],
    "noun": lambda product: [product.words["noun"]],
    "series": lambda product: [product.words["series"]],
    "vendor": lambda product: [product.vendor],
    "color": lambda product: [value for name, values in product.options if name == "Color" for value in values],
    "option": lambda product: [value for _, values in product.options for value in values],
    "tag": lambda product: product.tags,
}
_LETTERS: Mapping[str, Callable[[Product], str]] = {
    "text": lambda product: f"{product.title} {product.description[1]}".lower(),
    "stuff": lambda product: product.words["stuff"].lower(),
}
_CONDITION = re.compile(r"\s*(\w+) (=|!=|~) (.+?)\s*")


def _condition(text: str) -> Holds:
    matched = _CONDITION.fullmatch(text)
    if matched is None:
        raise ValueError(f"not a condition: {text}")
    field, sign, told = matched.groups()
    values = [value.strip() for value in told.split("|")]
    if sign == "~":
        letters = _LETTERS[field]
        return lambda product: any(value.lower() in letters(product) for value in values)
    if field == "sku":
        return lambda product: any(each.sku.startswith(tuple(values)) for each in product.variants)
    if field == "barcode":
        return lambda product: any(each.barcode in values for each in product.variants)
    of = _FIELDS[field]
    wanted = frozenset(values)
    return lambda product: wanted.isdisjoint(of(product)) == (sign == "!=")
