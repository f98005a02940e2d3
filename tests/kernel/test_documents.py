"""Documents in Redis: what is refused, what expires, what makes room, and what a process remembers."""

import asyncio
import json
from hashlib import sha256
from typing import Any

import pytest
from redis.asyncio import Redis

from commerce_graph.kernel import limits
from commerce_graph.kernel.auth import ANONYMOUS, WRITE_DOCUMENTS, Principal
from commerce_graph.kernel.documents import Documents, Store, manifest, policy
from commerce_graph.kernel.documents.manifest import Document, WrongManifest
from commerce_graph.kernel.documents.store import PUBLISHED, REGISTERED, USED
from commerce_graph.kernel.errors import RequestError
from commerce_graph.kernel.execution import Refused
from commerce_graph.kernel.parameters import Parameters

TEXTS = [f"query Q{number} {{ hello }}" for number in range(4)]


def sha(text: str) -> str:
    return sha256(text.encode()).hexdigest()


async def publish(store: Store, documents: dict[str, str]) -> list[str]:
    return await store.publish(documents, lambda done: None)


async def test_registered_document_expires_by_disuse(redis: Redis) -> None:
    used, unused = TEXTS[:2]
    store = Store(redis, ttl_s=100)
    for text, left_s in ((used, 50), (unused, 1)):
        await store.register(sha(text), text)
        await redis.expire(REGISTERED + sha(text), left_s)  # as if it had not been used for a while
    assert await store.find(sha(used)) == (used, False)
    assert 90 < await redis.ttl(REGISTERED + sha(used)) <= 100
    async with asyncio.timeout(30):
        while await redis.exists(REGISTERED + sha(unused)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # Redis tells nobody
    assert await store.find(sha(unused)) is None
    assert await store.find(sha(used)) == (used, False)


async def test_the_document_that_rests_longest_makes_room(redis: Redis) -> None:
    store = Store(redis, registered_max=2)
    for text, ago_s in ((TEXTS[0], 100), (TEXTS[1], 50)):
        await store.register(sha(text), text)
        await redis.zincrby(USED, -ago_s, sha(text))
    assert await store.find(sha(TEXTS[0]))
    await store.register(sha(TEXTS[2]), TEXTS[2])
    assert [await store.find(sha(text)) is not None for text in TEXTS[:3]] == [True, False, True]
    assert await redis.zcard(USED) == 2


async def test_published_document_stays_and_keeps_its_texts(redis: Redis) -> None:
    store = Store(redis, ttl_s=100)
    first, second = TEXTS[:2]
    assert await publish(store, {sha(first): first, "name": first}) == []
    assert await redis.ttl(PUBLISHED) == -1
    assert await publish(store, {"name": second, sha(second): second}) == ["name"]
    assert await store.find("name") == (first, True)
    await store.register(sha(first), first)
    assert await redis.keys(f"{REGISTERED}*") == []
    await redis.hset(PUBLISHED, sha(first), second)
    assert await store.find(sha(first)) is None
    assert await publish(store, {sha(first): first}) == []
    assert await store.find(sha(first)) == (first, True)


async def test_many_are_published_at_once_and_each_is_counted(redis: Redis) -> None:
    many = {f"id-{number}": TEXTS[0] for number in range(limits.DOCUMENTS_PUBLISHED_BATCH_MAX * 2 + 1)}
    counted: list[int] = []
    await Store(redis).publish(many, counted.append)
    assert counted == [200, 400, 401]
    assert await Store(redis).count() == 401
    assert {id async for id, _ in Store(redis).published()} == set(many)


class Calls(Store):
    """A store that counts its calls."""

    calls = 0

    async def find(self, id: str) -> tuple[str, bool] | None:
        self.calls += 1
        return await super().find(id)


async def find(documents: Documents, id: str, principal: Principal = ANONYMOUS) -> str | None:
    found = await documents.find(Parameters("", document_id=id), principal)
    return None if isinstance(found, Refused) else found.query


async def test_process_remembers_and_asks_again_after_a_while(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Calls(redis)
    documents = Documents(store, "locked")
    await publish(store, {"name": TEXTS[0]})
    for _ in range(3):
        assert await find(documents, "name") == TEXTS[0]
    assert store.calls == 1
    await store.remove(["name"])
    assert await find(documents, "name") == TEXTS[0]
    later = policy.monotonic() + limits.DOCUMENT_RECHECK_S
    monkeypatch.setattr(policy, "monotonic", lambda: later)
    assert await find(documents, "name") is None
    assert store.calls == 2


async def test_what_is_used_is_asked_for_once_by_many(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Calls(redis)
    documents = Documents(store)
    await publish(store, {"name": TEXTS[0]})
    await find(documents, "name")
    later = policy.monotonic() + limits.DOCUMENT_RECHECK_S
    monkeypatch.setattr(policy, "monotonic", lambda: later)
    assert await asyncio.gather(*(find(documents, "name") for _ in range(10))) == [TEXTS[0]] * 10
    assert store.calls == 2


async def test_process_remembers_a_bounded_number(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "DOCUMENT_CACHE_ENTRIES", 2)
    store = Calls(redis)
    documents = Documents(store)
    await publish(store, {f"name-{number}": text for number, text in enumerate(TEXTS)})
    for name in ("name-0", "name-1", "name-0", "name-2", "name-0", "name-1"):
        await find(documents, name)
    assert store.calls == 4


async def test_what_was_remembered_for_the_trusted_is_for_them_only(redis: Redis) -> None:
    documents = Documents(Store(redis), "known-only")
    trusted = Principal(WRITE_DOCUMENTS)
    await documents.keep(Parameters(TEXTS[0], document_id=sha(TEXTS[0]), automatic=True), trusted)
    assert await find(documents, sha(TEXTS[0]), trusted) == TEXTS[0]
    assert await find(documents, sha(TEXTS[0])) is None
    await publish(Store(redis), {sha(TEXTS[0]): TEXTS[0]})
    assert await find(documents, sha(TEXTS[0])) == TEXTS[0]


def apollo(**changes: Any) -> dict[str, Any]:
    operation = {"id": sha(TEXTS[0]), "name": "Q0", "type": "query", "body": TEXTS[0]}
    return {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [operation], **changes}


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ("{", "it is not JSON"),
        ("[]", "it is not a manifest"),
        (json.dumps(apollo(version=2)), "its format is not known"),
        (json.dumps(apollo(format="other")), "its format is not known"),
        (json.dumps(apollo(operations={})), "its format is not known"),
        (json.dumps(apollo(operations=[1])), "operation 0 is not an object"),
        (json.dumps(apollo(operations=[{"id": "a", "name": "Cart"}])), "operation `Cart` has no text"),
        (json.dumps(apollo(operations=[{"name": "Cart", "body": "{a}"}])), "operation `Cart` has the id None"),
        (json.dumps({"md5:abc": "{ a }"}), "operation `md5:abc` has the id 'md5:abc'"),
        (json.dumps({"abc": {"name": "A"}}), "operation `abc` has no text"),
    ],
)
def test_file_that_is_no_manifest_is_told(told: str, wrong: str) -> None:
    with pytest.raises(WrongManifest, match=wrong):
        manifest.read(told.encode())


def test_manifest_over_the_limit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MANIFEST_BYTES_MAX", 2)
    assert manifest.read(b"{}") == []
    with pytest.raises(WrongManifest, match="publish it in parts"):
        manifest.read(b"{} ")


def test_manifest_of_each_tool_is_read() -> None:
    text = TEXTS[0]
    assert manifest.read(json.dumps(apollo()).encode()) == [Document(sha(text), text)]
    for id, found in ((f"sha256:{sha(text)}", sha(text)), (sha(text), sha(text)), ("a" * 32, "a" * 32)):
        assert manifest.read(json.dumps({id: text}).encode()) == [Document(found, text)]
    assert Document("a" * 32, text).ids == {"a" * 32, sha(text)}


async def test_error_of_a_hash_that_does_not_fit_names_the_way_out(redis: Redis) -> None:
    with pytest.raises(RequestError, match="SHA-256 of the text of `query`, in UTF-8"):
        await Documents(Store(redis)).find(Parameters(TEXTS[0], document_id="a" * 64, automatic=True), ANONYMOUS)
