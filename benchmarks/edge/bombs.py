"""Documents of up to 100 kB that were made to cost more than they should."""

from collections.abc import Iterator, Mapping

BYTES_MAX = 100_000


def repeated(template: str, before: str = "", after: str = "", most: int = 1_000_000, size: int = BYTES_MAX) -> str:
    """Return a template's text as often as fits into so many bytes, `%` being the number."""
    parts = [before]
    left = size - len(before) - len(after)
    for number in range(most):
        part = template.replace("%", str(number))
        if len(part) > left:
            break
        left -= len(part)
        parts.append(part)
    return "".join((*parts, after))


def bombs() -> Mapping[str, str]:
    """Return each document by what it repeats."""
    return dict(_bombs())


def later(number: int, count: int) -> str:
    """Return spreads of the fragments after one."""
    return " ".join(f"...F{n}" for n in range(number + 1, min(number + 1 + count, 180)))


def _bombs() -> Iterator[tuple[str, str]]:
    yield "aliases at the root", repeated("a%:shop{name}", "{", "}")
    yield "aliases below", repeated("a%:title ", "{products(first:1){nodes{", "}}}")
    yield "directives in one place", repeated("@skip(if:false)", "{shop{name ", "}}")
    yield "directives everywhere", repeated("name @skip(if:false) ", "{shop{", "}}")
    yield "unknown directives", repeated("name @nothing% ", "{shop{", "}}")
    yield "one field again and again", repeated("name ", "{shop{", "}}")
    yield "objects of one name", repeated("shop{name}", "{", "}", 3_000)
    yield (
        "overlapping, just below the limit of fields",
        repeated("priceRange{minVariantPrice{amount}}", "{products(first:1){nodes{", "}}}", 1_600),
    )
    yield (
        "overlapping with arguments",
        repeated("variants(first:1){nodes{id}}", "{products(first:1){nodes{", "}}}", 900),
    )
    for count in (100, 200):
        yield (
            f"{count} overlapping, and spaces",
            repeated("priceRange{minVariantPrice{amount}}", "{products(first:1){nodes{", "}}}" + " " * 90_000, count),
        )
    yield "deep fields", "{" + "node{" * 6_000 + "id" + "}" * 6_001
    yield "deep inline fragments", "{" + "...{" * 9_000 + "id" + "}" * 9_001
    yield "deep lists", "{node(id:" + "[" * 30_000 + "]" * 30_000 + "){id}}"
    yield "deep objects", "{node(id:" + "{a:" * 15_000 + "1" + "}" * 15_000 + "){id}}"
    chain = repeated("fragment F% on Product{title ...F+}", "{products(first:1){nodes{...F0}}}")
    numbered = chain
    for number in range(chain.count("F+")):
        numbered = numbered.replace("F+", f"F{number + 1}", 1)
    yield "fragments in a chain", numbered
    doubled = "{products(first:1){nodes{...F0}}}" + "".join(
        f"fragment F{n} on Product{{...F{n + 1} ...F{n + 1}}}" for n in range(45)
    )
    yield "fragments that double", doubled + "fragment F45 on Product{title}"
    yield "fragments in a circle", repeated("fragment F% on Product{...F0 ...F%}", "{products(first:1){nodes{...F0}}}")
    spreads = "".join(f"...F{n} " for n in range(180))
    yield (
        "180 fragments side by side",
        f"{{products(first:1){{nodes{{{spreads}}}}}}}"
        + "".join(
            f"fragment F{n} on Product{{title vendor handle priceRange{{minVariantPrice{{amount}}}}}}"
            for n in range(180)
        ),
    )
    yield (
        "180 fragments that spread the next",
        f"{{products(first:1){{nodes{{{spreads}}}}}}}"
        + "".join(f"fragment F{n} on Product{{{later(n, 10)} title}}" for n in range(180)),
    )
    yield (
        "operations that spread many",
        "".join(f"query Q{n}($v:Int!){{products(first:$v){{nodes{{...F0}}}}}}" for n in range(50))
        + "".join(f"fragment F{n} on Product{{{later(n, 8)} title}}" for n in range(180)),
    )
    yield (
        "variables used again and again",
        "".join(f"query Q{n}($v:Int!){{...F}}" for n in range(50))
        + repeated("a%:products(first:$v){nodes{id}}", "fragment F on Query{", "}", 49),
    )
    yield "values just below the limit of tokens", repeated("1,", "{nodes(ids:[", "]){id}}", 9_900)
    yield (
        "objects just below the limit of tokens",
        repeated('{merchandiseId:"1"}', "mutation{cartCreate(input:{lines:[", "]}){cart{id}}}", 1_900),
    )
    yield "fields just below the limit", repeated("name ", "{shop{", "}}", 4_990)
    yield "aliases just below the limit", repeated("a%:name ", "{shop{", "}}", 990)
    yield (
        "unknown arguments just below the limit",
        repeated("firstt%:1,", "{products(", "){nodes{id}}}", 3_000),
    )
    yield "wrong values just below the limit", repeated("{a:1},", "{nodes(ids:[", "]){id}}", 1_900)
    yield "unknown types just below the limit", repeated("... on Produkt%{id}", "{", "}", 1_500)
    yield (
        "different fields of one name",
        repeated("a:title a:vendor ", "{products(first:1){nodes{", "}}}", 490),
    )
    yield "unknown fields", repeated("productt% ", "{", "}", 49)
    yield "unknown fields, many", repeated("nam% ", "{shop{", "}}")
    yield "unknown types", repeated("... on Produkt%{id}", "{", "}")
    yield "unknown arguments", repeated("firstt%:1,", "{products(", "){nodes{id}}}")
    yield "a long unknown field", "{" + "x" * 99_990 + "}"
    yield "a huge list", repeated('"gid",', "{nodes(ids:[", "]){id}}")
    yield "a huge object", repeated("a%:1,", "mutation{cartCreate(input:{", "}){cart{id}}}")
    yield "a huge object, known", repeated("{merchandiseId:1}", "mutation{cartCreate(input:{lines:[", "]}){cart{id}}}")
    yield "a wrong list", repeated("{a:1},", "{nodes(ids:[", "]){id}}")
    yield "many variables", repeated("$v%:Int,", "query(", "){shop{name}}")
    yield "many operations", repeated("query Q%{shop{name}}")
    yield "a long string", '{node(id:"' + "x" * 99_980 + '"){id}}'
    yield "a long comment", "{shop{name}}#" + "x" * 99_980
    yield "comments", repeated("#\n", "{shop{name", "}}")
    yield "introspection", "{__schema{types{" + "fields{type{" * 6 + "name" + "}}" * 6 + "}}}"
    yield "pages in pages", "{products(first:250){nodes{" + "variants(first:250){nodes{product{" * 3 + "id" + "}" * 12
