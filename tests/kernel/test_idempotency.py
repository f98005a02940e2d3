"""A mutation under an `Idempotency-Key`: whose key it is, what is kept of it, and what undoes it."""

import asyncio
import inspect
import re
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import delete, func, select, text, update

from commerce_graph.cart import service as carts
from commerce_graph.cart.tables import cart
from commerce_graph.customer.tables import customer
from commerce_graph.embedded import Servers
from commerce_graph.inventory import service as inventory
from commerce_graph.kernel import claims, limits
from commerce_graph.kernel.claims import Asked, idempotency
from commerce_graph.kernel.execution import Engine
from commerce_graph.kernel.mutations import ONCE, Once
from commerce_graph.kernel.outbox import outbox
from commerce_graph.search.service import rulebook
from tests.cart.storefront import SUBMIT
from tests.repeating import ADJUST, KEY, MERCHANT, RECEIVE, SECRET, STOREFRONT, Server, claimed, here, lamps, new_key
from tests.shop import PASSWORD, Shop, gid

CREATE = """mutation Create($note: String, $lines: [CartLineInput!]) {
  cartCreate(input: { note: $note, lines: $lines }) {
    cart { id note totalQuantity lines(first: 5) { nodes { quantity merchandise { ... on ProductVariant {
      title product { title collections(first: 3) { nodes { title } } metafields(identifiers: []) { key } } } } } } }
    userErrors { code }
  }
}"""
TWO = f"mutation Two($by: Int!) {{ first: {ADJUST} second: {ADJUST} }}"
SIGN_IN = """mutation($email: String!, $password: String!) {
  customerAccessTokenCreate(input: { email: $email, password: $password }) {
    customerAccessToken { accessToken } customerUserErrors { code } } }"""
SIGN_UP = """mutation($email: String!) {
  customerCreate(input: { email: $email, password: "correct horse battery" }) {
    customer { email } customerUserErrors { code } } }"""
ADA = {"email": "ada@example.com", "password": PASSWORD}


@pytest.fixture
async def server(shop: Shop, servers: Servers, engine: Engine) -> AsyncIterator[Server]:
    async with here(shop.database, servers.redis_url, engine) as made:
        yield made


async def count(shop: Shop, table: Any) -> int:
    async with shop.database.read() as conn:
        return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]


# The header


@pytest.mark.parametrize(
    ("headers", "key", "told"),
    [
        (MERCHANT, "", "1 to 255 printable ASCII"),
        (MERCHANT, "k" * (limits.IDEMPOTENCY_KEY_CHARS_MAX + 1), "1 to 255 printable ASCII"),
        (MERCHANT, "a\tb", "1 to 255 printable ASCII"),
        (STOREFRONT, "k" * (limits.IDEMPOTENCY_SHARED_KEY_CHARS_MIN - 1), "16 characters or more"),
    ],
)
async def test_keys_that_are_refused(shop: Shop, server: Server, headers: dict[str, str], key: str, told: str) -> None:
    answer = await server.send(CREATE, key=key, headers=headers)
    assert code(answer) == (400, "IDEMPOTENCY_KEY_INVALID")
    assert told in answer.json()["errors"][0]["message"]
    assert await count(shop, cart) == 0


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        (MERCHANT, "k"),
        (MERCHANT, "k" * limits.IDEMPOTENCY_KEY_CHARS_MAX),
        (STOREFRONT, "k" * limits.IDEMPOTENCY_SHARED_KEY_CHARS_MIN),
    ],
)
async def test_keys_at_the_limits(shop: Shop, server: Server, headers: dict[str, str], key: str) -> None:
    first, second = [await server.send(CREATE, key=key, headers=headers) for _ in range(2)]
    assert first.content == second.content
    assert await count(shop, cart) == 1


async def test_two_keys_are_none(shop: Shop, server: Server) -> None:
    headers = [*STOREFRONT.items(), ("Idempotency-Key", new_key()), ("Idempotency-Key", new_key())]
    answer = await server.client.post("/graphql", json={"query": CREATE}, headers=headers)
    assert code(answer) == (400, "IDEMPOTENCY_KEY_INVALID")
    assert await count(shop, cart) == 0


async def test_a_query_leaves_the_header_alone(shop: Shop, server: Server) -> None:
    answer = await server.send("{ shop { name } }", key="é".encode("latin-1"))  # type: ignore[arg-type]
    assert answer.json()["data"] == {"shop": {"name": "Test Shop"}}
    assert await claimed(shop.database) == 0


async def test_storefronts_elsewhere_may_send_it_and_read_the_answer(server: Server, engine: Engine) -> None:
    asking = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    asking["Access-Control-Request-Headers"] = "Idempotency-Key"
    answer = await server.client.options("/graphql", headers=asking)
    assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]


# One effect, one answer


async def test_a_repetition_gets_the_same_bytes(shop: Shop, server: Server) -> None:
    given = {"note": "x", "lines": [{"merchandiseId": gid("ProductVariant", "mug-variant"), "quantity": 2}]}
    first, second = [await server.send(CREATE, given, headers=STOREFRONT) for _ in range(2)]
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert await count(shop, cart) == 1
    plain = await server.send(CREATE, given, None, headers=STOREFRONT)
    shown, same = (each.json()["data"]["cartCreate"]["cart"] for each in (first, plain))
    assert shown.pop("id") != same.pop("id")
    assert shown == same, "in one transaction, a mutation reads what it wrote and all else as without a key"


async def test_a_repetition_by_hash_is_one_of_the_text(shop: Shop, server: Server) -> None:
    hashed = {"persistedQuery": {"version": 1, "sha256Hash": sha256(RECEIVE.encode()).hexdigest()}}
    first = await server.send(RECEIVE, {"by": 5}, extensions=hashed)
    for document in ("", RECEIVE):
        again = await server.send(document, {"by": 5}, extensions=hashed)
        assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    other = {"persistedQuery": {"version": 1, "sha256Hash": sha256(CREATE.encode()).hexdigest()}}
    await server.send(CREATE, {"note": "x"}, None, STOREFRONT, extensions=other)
    assert code(await server.send("", {"by": 5}, extensions=other)) == (422, "IDEMPOTENCY_KEY_REUSED")


@pytest.mark.parametrize(
    "other",
    [
        {"variables": {"by": 6}},
        {"document": RECEIVE.replace("Receive", "Again")},
        {"operationName": "Receive"},
    ],
)
@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_another_request_under_the_key_is_refused(
    shop: Shop, server: Server, other: dict[str, Any], accept: str
) -> None:
    await server.send(RECEIVE, {"by": 5})
    before = await lamps(shop.database)
    asked = {"document": RECEIVE, "variables": {"by": 5}, **other, "headers": {**MERCHANT, "Accept": accept}}
    answer = await server.send(**asked)
    assert code(answer) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert "`Idempotency-Key`" in answer.json()["errors"][0]["message"]
    assert "new key" in answer.json()["errors"][0]["message"]
    assert await lamps(shop.database) == before


async def test_each_caller_has_keys_of_its_own(shop: Shop, server: Server) -> None:
    signed_in = await server.send(SIGN_IN, ADA, None, STOREFRONT)
    token = signed_in.json()["data"]["customerAccessTokenCreate"]["customerAccessToken"]["accessToken"]
    ada = {"Authorization": f"Bearer {token}"}
    callers = [MERCHANT, STOREFRONT, STOREFRONT | ada, ada]
    for _ in range(2):
        answers = [await server.send(CREATE, headers=caller) for caller in callers]
        assert len({answer.content for answer in answers}) == len(callers)
    assert await count(shop, cart) == len(callers)


async def test_a_refusal_is_an_answer(shop: Shop, server: Server) -> None:
    first = await server.send(SIGN_UP, {"email": "ada@example.com"})
    assert first.json()["data"]["customerCreate"]["customerUserErrors"] == [{"code": "TAKEN"}]
    async with shop.database.begin() as tx:
        await tx.execute(delete(customer))
    assert (await server.send(SIGN_UP, {"email": "ada@example.com"})).content == first.content
    assert await count(shop, customer) == 0


async def test_wrong_variables_leave_the_key_free(shop: Shop, server: Server) -> None:
    assert code(await server.send(RECEIVE, {"by": "many"}))[1] == "BAD_USER_INPUT"
    assert await claimed(shop.database) == 0
    assert "errors" not in (await server.send(RECEIVE, {"by": 5})).json()


async def test_several_fields_are_one_transaction(shop: Shop, server: Server) -> None:
    before = await lamps(shop.database)
    first, second = [await server.send(TWO, {"by": 2}) for _ in range(2)]
    assert first.content == second.content
    ends = [
        each["inventoryAdjustmentGroup"]["changes"][0]["quantityAfterChange"] for each in first.json()["data"].values()
    ]
    assert ends == [before[0] + 2, before[0] + 4]
    assert (await lamps(shop.database))[:2] == (before[0] + 4, before[1] + 2)


async def test_a_fault_undoes_everything(shop: Shop, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await lamps(shop.database)
    adjust, done = inventory.adjust_quantities, []

    async def once(*arguments: Any) -> Any:
        done.append(await adjust(*arguments))
        if len(done) == 2:
            raise ZeroDivisionError
        return done[-1]

    monkeypatch.setattr(inventory, "adjust_quantities", once)
    answer = await server.send(TWO, {"by": 2})
    assert answer.json()["data"] is None, "nothing of it is there, so nothing of it is shown"
    assert code(answer)[1] == "INTERNAL"
    assert await lamps(shop.database) == before, "neither stock nor facts"
    assert await claimed(shop.database) == 0
    assert "errors" not in (await server.send(TWO, {"by": 2})).json()
    assert (await lamps(shop.database))[:2] == (before[0] + 4, before[1] + 2)


async def test_what_takes_too_long_is_undone(shop: Shop, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    create = carts.create

    async def slow(tx: Any, new: Any) -> Any:
        written = await create(tx, new)
        await tx.execute(text("SELECT pg_sleep(60)"))
        return written

    monkeypatch.setattr(limits, "REQUEST_TIMEOUT_S", 0.2)
    monkeypatch.setattr(carts, "create", slow)
    assert code(await server.send(CREATE))[1] == "TIMEOUT"
    monkeypatch.undo()
    assert await count(shop, cart) == await claimed(shop.database) == 0
    assert "errors" not in (await server.send(CREATE)).json()


async def test_a_key_that_is_waited_for_too_long(shop: Shop, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process holds it in its transaction."""
    monkeypatch.setattr(limits, "IDEMPOTENCY_WAIT_S", 0.1)
    caller = f"token {shop.context('merchant').principal.token_id}, customer none"
    async with shop.database.begin() as tx:
        await claims.claim(tx, Asked(caller, KEY, b"r" * 32), 60)
        answer = await server.send(RECEIVE, {"by": 5})
    assert code(answer) == (409, "IDEMPOTENCY_KEY_IN_USE")
    assert answer.headers["Retry-After"] == "1"


async def test_no_more_at_once_than_the_limit(
    shop: Shop, servers: Servers, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "IDEMPOTENT_AT_ONCE_MAX", 0)
    monkeypatch.setattr(limits, "IDEMPOTENCY_WAIT_S", 0.05)
    async with here(shop.database, servers.redis_url, engine) as server:
        assert code(await server.send(RECEIVE, {"by": 5}))[1] == "THROTTLED"
        assert "errors" not in (await server.send(RECEIVE, {"by": 5}, None)).json()


async def test_what_follows_the_commit_comes_after_it(
    shop: Shop, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that read the decisions again before the commit would keep the old ones for a while."""
    assert server.resources is not None
    seen: list[Any] = []

    class Watched(rulebook.Rulebooks):
        def forget(self) -> None:
            seen.append(asyncio.ensure_future(claimed(shop.database)))

    server.resources.services["search_rulebooks"] = Watched(server.resources)
    create = """mutation { searchSynonymGroupCreate(input: { terms: ["sofa", "couch"] }) { userErrors { code } } }"""
    assert "errors" not in (await server.send(create)).json()
    assert await asyncio.gather(*seen) == [1]


# What is kept


async def test_the_answer_is_sealed(shop: Shop, server: Server) -> None:
    """It holds a customer's token, of which the shop itself keeps nothing but a hash."""
    first, second = [await server.send(SIGN_IN, ADA, headers=STOREFRONT) for _ in range(2)]
    token = first.json()["data"]["customerAccessTokenCreate"]["customerAccessToken"]["accessToken"]
    assert first.content == second.content
    async with shop.database.read() as conn:
        row = (await conn.execute(select(idempotency))).one()
    assert token.encode() not in row.answer
    assert PASSWORD.encode() not in row.request
    asked = Asked(row.caller, row.key, row.request)
    assert claims.unseal(SECRET.encode(), asked, row.answer) == first.content
    for secret, other in ((b"another", asked), (SECRET.encode(), Asked("someone else", row.key, row.request))):
        with pytest.raises(InvalidTag):
            claims.unseal(secret, other, row.answer)
    parts = [b"document", b"", b"{}"]
    assert claims.hashed(b"one", *parts) != claims.hashed(b"two", *parts)
    assert claims.hashed(b"one", b"ab", b"c") != claims.hashed(b"one", b"a", b"bc")


async def test_expired_keys_are_free_and_pruned(shop: Shop, server: Server) -> None:
    before = await lamps(shop.database)
    keys = [new_key() for _ in range(3)]
    for key in keys:
        await server.send(RECEIVE, {"by": 1}, key)
    async with shop.database.begin() as tx:
        old = {"created_at": func.now() - text("interval '2 s'"), "expires_at": func.now() - text("interval '1 s'")}
        await tx.execute(update(idempotency).where(idempotency.c.key.in_(keys[:2])).values(old))
    again = await server.send(RECEIVE, {"by": 7}, keys[0])
    assert "Idempotency-Replayed" not in again.headers
    assert (await lamps(shop.database))[0] == before[0] + 10
    assert await claims.prune(shop.database) == 1
    assert (await server.send(RECEIVE, {"by": 7}, keys[0])).content == again.content
    assert (await server.send(RECEIVE, {"by": 1}, keys[2])).headers["Idempotency-Replayed"] == "true"
    assert await claimed(shop.database) == 2


# Kinds of mutations


IN_STEPS = (
    "orderCancel", "orderCapture", "orderEditCommit", "orderMarkAsPaid", "refundCreate", "returnProcess",
    "transactionVoid",
)  # fmt: skip
"""Those that ask a payment provider."""


def mutations(engine: Engine) -> dict[str, Any]:
    members = engine.graph.schema_converter.type_map["Mutation"].definition.fields  # type: ignore[union-attr]
    return {engine.graph.config.name_converter.from_field(each): each for each in members}


def test_every_mutation_says_how_it_is_repeated(engine: Engine) -> None:
    """Whoever gives the database away may call the outside world in between, and has to say whether it does."""
    silent, unclaimed = [], []
    for name, member in mutations(engine).items():
        source = inspect.getsource(inspect.unwrap(member.base_resolver.wrapped_func))
        gives = re.search(r"(ctx|context)\.(resources\.)?database(?!\.(begin|read)\()", source)
        if gives and ONCE not in member.metadata:
            silent.append(name)
        if member.metadata.get(ONCE) is Once.STEPS and "ctx.claim_id" not in source:
            unclaimed.append(name)
    assert silent == [], "say `once=` in their declarations"
    assert unclaimed == [], "pass ctx.claim_id to a service that does its deciding transaction by claims.first"
    special = {name: once for name, once in engine.graph.once.items() if once is not Once.TRANSACTION}
    assert special == {"cartSubmitForCompletion": Once.ARGUMENT} | dict.fromkeys(IN_STEPS, Once.STEPS)


async def test_a_mutation_in_steps_is_alone(shop: Shop, server: Server) -> None:
    both = """mutation($id: ID!) { orderMarkAsPaid(input: { id: $id }) { userErrors { code } }
      ... on Mutation { ...Rest } }
      fragment Rest on Mutation { orderClose(input: { id: $id }) { userErrors { code } } }"""
    answer = await server.send(both, {"id": gid("Order", "nothing")})
    assert code(answer) == (400, "BAD_REQUEST")
    assert "`orderMarkAsPaid` must be the only field" in answer.json()["errors"][0]["message"]
    assert "errors" not in (await server.send(both, {"id": gid("Order", "nothing")}, None)).json()


async def test_a_submission_goes_by_its_attempt_token(shop: Shop, server: Server) -> None:
    answer = await server.send(SUBMIT, {"cartId": gid("Cart", "nothing"), "token": "t"}, "short", STOREFRONT)
    assert answer.json()["data"]["cartSubmitForCompletion"], "not even a key that is too short matters"
    assert await claimed(shop.database) == 0


# One transaction


async def test_a_read_that_nobody_waits_for_holds_nothing_up(shop: Shop) -> None:
    async with asyncio.timeout(20):
        async with shop.database.joined() as whole, whole.begin() as tx:
            await tx.execute(delete(customer))
        async with shop.database.joined() as whole:

            async def forgotten() -> None:
                async with whole.read() as conn:
                    await conn.execute(text("SELECT pg_sleep(60)"))

            async with whole.begin() as tx:
                await tx.execute(delete(customer))
            reading = asyncio.create_task(forgotten())
            while not whole.busy:  # noqa: ASYNC110
                await asyncio.sleep(0)  # it begins at the next turn of the loop
        (fault,) = await asyncio.gather(reading, return_exceptions=True)
        assert isinstance(fault, Exception)
    assert await count(shop, customer) == 1
    assert await count(shop, outbox) == 0
