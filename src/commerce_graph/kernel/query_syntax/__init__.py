"""Shopify's search syntax, which `query` arguments are written in: parsed to a small tree, then to an SQL condition.

    lamp "desk lamp" tag:light vendor:Nor* price:>=10 -status:draft (a OR b) created_at:<'2026-01-01' sku:*

Terms side by side must all hold (AND), AND binds tighter than OR, `-` and NOT negate what follows. A backslash makes
the next character plain; a quote in the middle of a word is plain anyway. The syntax is lenient, as Shopify's is:
what makes no sense (a lone parenthesis, a connective without a side, a field without a value) is passed over, and a
term of a field that the list does not know is ignored, never an error.
"""

from commerce_graph.kernel.query_syntax.conditions import (
    Meaning,
    choice_field,
    condition,
    id_field,
    moment_field,
    number_field,
    span,
    text_field,
    truth_field,
    whole,
)  # fmt: skip
from commerce_graph.kernel.query_syntax.tree import (
    And,
    Comparator,
    Joins,
    Not,
    Or,
    Query,
    Term,
    bare_terms,
    names,
    parse,
    translate,
)

__all__ = [
    "And", "Comparator", "Joins", "Meaning", "Not", "Or", "Query", "Term", "bare_terms", "choice_field", "condition",
    "id_field", "moment_field", "names", "number_field", "parse", "span", "text_field", "translate", "truth_field",
    "whole",
]  # fmt: skip
