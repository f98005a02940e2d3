"""`commerce-graph documents`: what cannot be published is told by its operation, and what is published is served."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from commerce_graph.development import Steps, running_note
from commerce_graph.embedded import Servers
from commerce_graph.kernel import limits
from commerce_graph.kernel.documents import Store
from commerce_graph.kernel.documents.manifest import Document
from commerce_graph.publishing import NotPublished, _publish
from commerce_graph.settings import EXAMPLES
from tests.concurrency.serving import served
from tests.shop import Shop, gid
from tests.test_cli import call

SHOP = "query ShopName {\n  shop {\n    name\n  }\n}"
PRODUCT = "query Product($id: ID!) {\n  product(id: $id) {\n    title\n  }\n}"
TWO = "query A { shop { name } } query B { shop { description } }"


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in EXAMPLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def digest(text: str, kind: str = "sha256") -> str:
    return hashlib.new(kind, text.encode()).hexdigest()


def apollo(*texts: str, id: Callable[[str], str] = digest) -> dict[str, Any]:
    """Return a manifest as `generate-persisted-query-manifest` writes it."""
    operations = [{"id": id(text), "name": text.split()[1], "type": "query", "body": text} for text in texts]
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}


def relay(*texts: str) -> dict[str, Any]:
    """Return what the Relay compiler writes to `persistConfig.file`."""
    return {digest(text, "md5"): text for text in texts}


def codegen(*texts: str) -> dict[str, Any]:
    """Return what GraphQL Code Generator's client preset writes with `hashAlgorithm: "sha256"`."""
    return {f"sha256:{digest(text)}": text for text in texts}


def written(manifest: Any, name: str = "manifest.json") -> str:
    Path(name).write_text(json.dumps(manifest))
    return name


async def test_documents_that_do_not_fit_are_told_by_name_and_nothing_is_published(
    servers: Servers, redis: Redis
) -> None:
    deep = (
        "query Deep { "
        + "products(first: 1) { nodes { collections(first: 1) { nodes { " * 5
        + "id"
        + " } }" * 10
        + " }"
    )
    texts = [SHOP, "query Broken {", "query Wrong {\n  shop { nome }\n}", TWO.replace("name", "nome"), deep,
             f"query Long {{ shop {{ name }} }} # {'x' * limits.DOCUMENT_STORED_BYTES_MAX}"]  # fmt: skip
    manifest = apollo(*texts)
    other = {**manifest["operations"][0], "id": digest("another text"), "name": "Mixed"}
    manifest["operations"].append(other)
    status, told, wrong = await call("documents", "publish", written(manifest), REDIS_URL=servers.redis_url)
    assert (status, told) == (1, "")
    assert "Traceback" not in wrong
    for line in ("operation with the id", "Syntax Error", "operation `Wrong`: Cannot query field 'nome'",
                 "(line 2, column 10)", "operation `A`, `B`: Cannot query field 'nome'", "operation `Deep`: ",
                 "levels of fields are over the limit", "operation `Long`: ", "over the limit of 50,000",
                 "is not the SHA-256 of its text",
                 "error: nothing of 7 documents was published"):  # fmt: skip
        assert line in wrong
    assert await redis.keys("*") == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["publish", "none.json"], "does not exist"),
        (["publish", "list.json"], "error: list.json: it is not a manifest: that is an `apollo-persisted"),
        (["publish", "empty.json"], "error: there is no document in it"),
        (["publish", "good.json"], "error: REDIS_URL is not set. For example: REDIS_URL=redis://localhost:6379/0"),
        (["list"], "error: REDIS_URL is not set"),
        (["remove", "sha256:abc"], "error: a document's id is `sha256:` and 64 hexadecimal digits"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
async def test_mistake_is_told_in_a_line(arguments: list[str], told: str) -> None:
    written([], "list.json")
    written({}, "empty.json")
    written(apollo(SHOP), "good.json")
    status, _, wrong = await call("documents", *arguments)
    assert status != 0
    assert told in wrong
    assert "Traceback" not in wrong


async def test_redis_that_does_not_answer_is_told(tmp_path: Path) -> None:
    status, _, wrong = await call("documents", "list", REDIS_URL=f"unix://{tmp_path / 'none.sock'}")
    assert status == 1
    assert wrong.startswith("error: Redis does not answer as it should")
    assert "Is REDIS_URL right?" in wrong


async def test_check_needs_no_redis() -> None:
    status, told, wrong = await call("documents", "publish", "--check", written(apollo(SHOP, TWO, PRODUCT)))
    assert (status, told) == (0, "3 documents can be published\n"), wrong


async def test_published_listed_removed(servers: Servers, redis: Redis, tmp_path: Path) -> None:
    """Of the running development server, whose Redis is noted in its data folder."""
    (tmp_path / ".data").mkdir()
    running_note(tmp_path / ".data", "redis-url").write_text(servers.redis_url)
    files = [written(apollo(SHOP, TWO), "apollo.json"), written(relay(SHOP, PRODUCT), "relay.json"),
             written(codegen(PRODUCT), "codegen.json")]  # fmt: skip
    status, told, wrong = await call("documents", "publish", *files)
    assert (status, told) == (0, "published 3 documents; 0 were there already\n"), wrong
    assert (await call("documents", "publish", *files))[1] == "published 0 documents; 3 were there already\n"
    lines = (await call("documents", "list"))[1].splitlines()
    ids = f"{digest(SHOP, 'md5')} sha256:{digest(SHOP)}"
    assert sorted(line.split("  ")[1] for line in lines) == ["A, B", "Product", "ShopName"]
    assert f"{ids.split()[1]} {ids.split()[0]}  ShopName" in lines

    status, _, wrong = await call("documents", "remove", "unknown", digest(SHOP, "md5"))
    assert (status, "nothing was removed, since this is not published: unknown" in wrong) == (1, True)
    status, told, _ = await call("documents", "remove", digest(SHOP, "md5"))
    assert (status, told) == (0, "removed 1 document; servers forget within 60 s\n")
    lines = (await call("documents", "list"))[1].splitlines()
    assert sorted(line.split("  ")[1] for line in lines) == ["A, B", "Product"]


async def test_id_of_its_own_keeps_its_text(servers: Servers, redis: Redis) -> None:
    environment = {"REDIS_URL": servers.redis_url}
    twice = apollo(SHOP, PRODUCT, id=lambda text: "same")
    status, _, wrong = await call("documents", "publish", written(twice), **environment)
    assert (status, "`same` is the id of two documents in the manifests" in wrong) == (1, True)
    assert (await call("documents", "publish", written({"mine": SHOP}), **environment))[0] == 0
    status, _, wrong = await call("documents", "publish", written({"mine": PRODUCT, "other": TWO}), **environment)
    assert (status, "`mine` stands for another text already" in wrong) == (1, True)
    assert "commerce-graph documents remove ID" in wrong
    assert await Store(redis).published_among(["mine", "other"]) == {"mine": SHOP}


async def test_no_more_are_published_than_the_limit(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commerce_graph.publishing.DOCUMENTS_PUBLISHED_MAX", 2)
    store, steps = Store(redis), Steps()
    await _publish(store, [Document("mine", SHOP)], steps)
    await _publish(store, [Document("mine", SHOP)], steps)
    with pytest.raises(NotPublished, match="2 ids can be published, and these would be more"):
        await _publish(store, [Document(digest(TWO), TWO)], steps)


async def test_servers_in_each_mode_share_what_was_published(
    shop: Shop, servers: Servers, redis: Redis, tmp_path: Path
) -> None:
    manifest = written({**codegen(SHOP), **relay(PRODUCT)})
    assert (await call("documents", "publish", manifest, REDIS_URL=servers.redis_url))[0] == 0
    product = {"documentId": digest(PRODUCT, "md5"), "variables": {"id": gid("Product", "shirt")}}
    token = await call("token", "create", "--name", "x", "--scopes", "+write_documents", DATABASE_URL=shop.database.url)
    assert token[0] == 0, token[2]
    trusted = {"X-Shopify-Storefront-Access-Token": token[1].strip()}
    async with served(shop, servers.redis_url, tmp_path, 2, DOCUMENTS="known-only", BACKGROUND="off") as running:
        for client in running.clients:
            assert (await client.post("/graphql", json=product)).json() == {
                "data": {"product": {"title": "Linen Shirt"}}
            }
            hit = await client.get("/graphql", params={"documentId": f"sha256:{digest(SHOP)}"})
            assert hit.json() == {"data": {"shop": {"name": "Test Shop"}}}
            refused = (await client.post("/graphql", json={"query": TWO, "operationName": "A"})).json()
            assert refused["errors"][0]["extensions"]["code"] == "PERSISTED_DOCUMENT_REQUIRED"
        extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest(TWO)}}
        asked = {"operationName": "B", "extensions": extensions}
        first, second = running.clients
        assert "data" in (await first.post("/graphql", json={"query": TWO, **asked}, headers=trusted)).json()
        assert "data" in (await second.post("/graphql", json=asked, headers=trusted)).json()
        missed = (await second.post("/graphql", json=asked)).json()
        assert missed["errors"][0]["message"] == "PersistedQueryNotFound"
