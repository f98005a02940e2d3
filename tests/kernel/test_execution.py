"""Documents are bounded before they are validated, refused before anything runs, and faults are masked."""

import asyncio
from typing import Any

import pytest
import strawberry

from commerce_graph.kernel import limits
from commerce_graph.kernel.auth import LISTINGS, SHOPPER_SCOPES, Principal, scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import Engine, Operation, Refused
from commerce_graph.kernel.graph import Graph, field, object_type
from commerce_graph.kernel.module import Module


@object_type(access=LISTINGS)
class Thing:
    """A thing of things."""

    @field
    def thing(self) -> "Thing":
        """Another."""
        return self

    @field
    def name(self, size: int = 1) -> str:
        """Its name."""
        return "x" * size

    @field
    def broken(self) -> str | None:
        """A fault."""
        raise RuntimeError("secret detail")

    @field
    def refused(self) -> str | None:
        """An expected fault."""
        raise RequestError("BAD_USER_INPUT", "give another")

    @field
    async def slow(self) -> str | None:
        """Never answers."""
        await asyncio.Event().wait()
        return None

    @field(access=scopes("read_orders"))
    def private(self) -> str:
        """For partners."""
        return "private"


@object_type(access=LISTINGS)
class TestQuery:
    __test__ = False

    @field
    def thing(self) -> Thing:
        """A thing."""
        return Thing()

    @field
    def where(self, info: strawberry.Info) -> str:
        """Where the buyer is."""
        buyer = info.context.buyer
        return f"{buyer.country} {buyer.language}"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(Graph([Module("test", TestQuery)]))


def code(refused: Operation | Refused) -> str:
    assert isinstance(refused, Refused), "it was accepted"
    return str(refused.errors[0]["extensions"]["code"])


async def run(engine: Engine, text: str, variables: Any = None, name: str | None = None) -> Any:
    operation = engine.prepare(text, name)
    assert isinstance(operation, Operation), operation
    return await engine.run(operation, variables, Context(None, Principal(SHOPPER_SCOPES)))  # type: ignore[arg-type]


def nested(depth: int) -> str:
    return "{ " + "thing { " * (depth - 1) + "name" + " }" * depth


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (nested(limits.DOCUMENT_DEPTH_MAX + 1), "DEPTH_LIMIT_EXCEEDED"),
        ("{" * 20_000, "GRAPHQL_PARSE_FAILED"),
        ("{ thing { name " + " a: name" * limits.DOCUMENT_TOKENS_MAX + "} }", "TOKEN_LIMIT_EXCEEDED"),
        ("query A { where } query B { where }", "OPERATION_RESOLUTION_FAILURE"),
        ("{ ...a } fragment a on TestQuery { ...b } fragment b on TestQuery { ...a }", "GRAPHQL_VALIDATION_FAILED"),
    ],
    ids=["syntax", "empty", "field", "depth", "braces", "tokens", "unnamed", "cycle"],
)
def test_a_document_is_refused(engine: Engine, text: str, expected: str) -> None:
    assert code(engine.prepare(text)) == expected


def test_a_document_at_the_depth_limit_is_accepted(engine: Engine) -> None:
    assert isinstance(engine.prepare(nested(limits.DOCUMENT_DEPTH_MAX)), Operation)


def test_nested_fragments_are_measured_once_each(engine: Engine) -> None:
    levels = 12
    fragments = [
        f"fragment f{n} on Thing {{ name thing {{ ...f{n + 1} }} b: thing {{ ...f{n + 1} }} }}" for n in range(levels)
    ]
    text = "{ thing { ...f0 } }" + " ".join(fragments) + f" fragment f{levels} on Thing {{ name }}"
    assert code(engine.prepare(text)) == "FIELD_LIMIT_EXCEEDED"


def test_what_was_accepted_is_kept_within_bounds(engine: Engine) -> None:
    first = engine.prepare("{ where }")
    assert engine.prepare("{ where }") is first
    for index in range(limits.DOCUMENT_CACHE_ENTRIES):
        engine.prepare(f"query Q{index} {{ where }}")
    assert len(engine._known) == limits.DOCUMENT_CACHE_ENTRIES
    assert engine.prepare("{ where }") is not first


def test_a_field_without_its_scope_stops_the_operation(engine: Engine) -> None:
    operation = engine.prepare("{ thing { name ... on Thing { private } } }")
    assert isinstance(operation, Operation)
    shopper = Context(None, Principal(SHOPPER_SCOPES))  # type: ignore[arg-type]
    refused = engine.authorise(operation, shopper)
    assert refused is not None
    assert code(refused) == "ACCESS_DENIED"
    assert "read_orders" in refused.errors[0]["message"]
    partner = Context(None, Principal(SHOPPER_SCOPES | {"read_orders"}))  # type: ignore[arg-type]
    assert engine.authorise(operation, partner) is None


async def test_a_fault_is_masked(engine: Engine) -> None:
    answer = await run(engine, "{ thing { broken name } }")
    (error,) = answer["errors"]
    assert answer["data"] == {"thing": {"broken": None, "name": "x"}}
    assert error["extensions"] == {"code": "INTERNAL"}
    assert error["path"] == ["thing", "broken"]
    assert "secret" not in str(answer)


async def test_an_expected_fault_says_its_code(engine: Engine) -> None:
    (error,) = (await run(engine, "{ thing { refused } }"))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"] == "give another"


async def test_an_operation_ends_at_its_deadline(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REQUEST_TIMEOUT_S", 0.01)
    answer = await run(engine, "{ thing { slow } }")
    assert answer["errors"][0]["extensions"]["code"] == "TIMEOUT"


@pytest.mark.parametrize("variables", [{"size": "x"}, {"size": None}, {}, None])
async def test_faulty_variables_are_told(engine: Engine, variables: Any) -> None:
    answer = await run(engine, "query ($size: Int!) { thing { name(size: $size) } }", variables)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "data" not in answer


async def test_in_context_reads_literals_and_variables(engine: Engine) -> None:
    assert (await run(engine, "{ where }"))["data"]["where"] == "None None"
    text = "query ($c: CountryCode) @inContext(country: $c, language: DE) { where }"
    assert (await run(engine, text, {"c": "JP"}))["data"]["where"] == "JP DE"
    assert (await run(engine, text))["data"]["where"] == "None DE"


async def test_a_visitor_s_consent_is_taken(engine: Engine) -> None:
    text = "query ($v: VisitorConsent) @inContext(country: JP, visitorConsent: $v) { where }"
    for consent in (None, {"analytics": True, "saleOfData": False}):
        assert (await run(engine, text, {"v": consent}))["data"]["where"] == "JP None"


async def test_a_deferred_fragment_is_answered_at_once(engine: Engine) -> None:
    text = """query ($later: Boolean) { thing { ... @defer(if: $later) { name } ...Same @defer(label: "same") } }
      fragment Same on Thing { thing { name } }"""
    assert (await run(engine, text))["data"]["thing"] == {"name": "x", "thing": {"name": "x"}}
    secret = engine.prepare("{ thing { ... @defer { private } } }")
    assert isinstance(secret, Operation)
    assert "Thing.private" in secret.access
    assert isinstance(engine.prepare("{ thing { ... @defer(after: 1) { name } } }"), Refused)
