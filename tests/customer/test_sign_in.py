"""Signing in: nothing tells who has an account, guesses are counted, tokens end."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from redis.asyncio import Redis
from sqlalchemy import func, select, update

from commerce_graph.customer import service
from commerce_graph.customer.service import passwords
from commerce_graph.customer.tables import access_token, customer
from commerce_graph.kernel import limits
from commerce_graph.kernel.auth import token_hash
from commerce_graph.kernel.errors import Rejected
from tests.customer.test_account import ME, SIGN_IN, sign_in
from tests.shop import PASSWORD, Shop, uid

RENEW = """mutation($token: String!) { customerAccessTokenRenew(customerAccessToken: $token) {
  customerAccessToken { accessToken expiresAt } userErrors { field message }
} }"""
DELETE = """mutation($token: String!) { customerAccessTokenDelete(customerAccessToken: $token) {
  deletedAccessToken deletedCustomerAccessTokenId userErrors { field message }
} }"""


class Counted(PasswordHasher):
    """A hasher that counts what it verifies."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:
        self.verified += 1
        return super().verify(hash, password)


async def attempt(shop: Shop, email: str, password: str) -> Any:
    return await shop.run(SIGN_IN, {"input": {"email": email, "password": password}})


async def expire(shop: Shop, token: str) -> None:
    async with shop.database.begin() as tx:
        past = func.now() - timedelta(seconds=1)
        await tx.execute(update(access_token).where(access_token.c.hash == token_hash(token)).values(expires_at=past))


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", "wrong password"),
        ("ada@example.com", ""),
        ("nobody@example.com", PASSWORD),
        ("not an email", PASSWORD),
        ("a\u0000@example.com", PASSWORD),
        ("guest@example.com", "nobody's password"),
    ],
)
async def test_every_refusal_looks_and_works_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, email: str, password: str
) -> None:
    async with shop.database.begin() as tx:  # whoever has no password cannot sign in
        await tx.execute(customer.insert().values(id=uid("guest"), email="guest@example.com"))
    counted = Counted()
    monkeypatch.setattr(passwords, "hasher", counted)
    answer = (await attempt(shop, email, password))["data"]["customerAccessTokenCreate"]
    assert answer == {
        "customerAccessToken": None,
        "customerUserErrors": [{"code": "UNIDENTIFIED_CUSTOMER", "field": None}],
        "userErrors": [{"message": "Unidentified customer"}],
    }
    assert counted.verified == 1


async def test_guesses_are_counted(shop: Shop, redis: Redis) -> None:
    for email in ("ada@example.com", "nobody@example.com"):
        sent = limits.SIGN_IN_ATTEMPTS_MAX + 5
        answers = await asyncio.gather(*(attempt(shop, email, "wrong password") for _ in range(sent)))
        throttled = [a for a in answers if "errors" in a and a["errors"][0]["extensions"]["code"] == "THROTTLED"]
        assert len(throttled) == 5
        # The right password does not help while the window lasts, and the window does end.
        assert "errors" in await attempt(shop, email.upper(), PASSWORD)
    (name, _) = await redis.keys("commerce-graph:sign-in:*")
    assert 0 < await redis.ttl(name) <= limits.SIGN_IN_WINDOW_S


async def test_a_sign_in_forgets_the_failed_attempts(shop: Shop) -> None:
    for _ in range(2):
        for _ in range(limits.SIGN_IN_ATTEMPTS_MAX - 1):
            await attempt(shop, "ada@example.com", "wrong password")
        await sign_in(shop)


async def test_without_redis_customers_still_sign_in(shop: Shop) -> None:
    gone = Redis.from_url("unix:///nowhere/redis.sock")
    for _ in range(limits.SIGN_IN_ATTEMPTS_MAX + 1):
        await service.sign_in(shop.database, gone, "ada@example.com", PASSWORD)
    with pytest.raises(Rejected):
        await service.sign_in(shop.database, gone, "ada@example.com", "wrong password")
    await gone.aclose()


async def test_old_hashes_are_renewed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stored() -> str:
        async with shop.database.read() as conn:
            return str((await conn.execute(select(customer.c.password_hash))).scalar_one())

    before = await stored()
    await sign_in(shop)
    assert await stored() == before
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    await sign_in(shop)
    assert "t=2" in await stored()
    await sign_in(shop)


async def test_a_token_is_renewed_until_it_ends(shop: Shop) -> None:
    token = await sign_in(shop)
    until = (access_token.c.hash == token_hash(token),)
    async with shop.database.begin() as tx:
        soon = func.now() + timedelta(minutes=1)
        await tx.execute(update(access_token).where(*until).values(expires_at=soon))
    renewed = (await shop.data(RENEW, {"token": token}))["customerAccessTokenRenew"]
    assert renewed["customerAccessToken"]["accessToken"] == token
    async with shop.database.read() as conn:
        left = select(access_token.c.expires_at - func.now()).where(*until)
        assert (await conn.execute(left)).scalar_one() > timedelta(seconds=limits.CUSTOMER_TOKEN_TTL_S - 60)
    await expire(shop, token)
    for unknown in (token, "customer_unknown", ""):
        refused = (await shop.data(RENEW, {"token": unknown}))["customerAccessTokenRenew"]
        assert refused["customerAccessToken"] is None
        assert refused["userErrors"][0]["field"] == ["customerAccessToken"]
    assert (await shop.data(ME, {"token": token}))["customer"] is None


async def test_signing_out(shop: Shop) -> None:
    token, other = await sign_in(shop), await sign_in(shop)
    gone = (await shop.data(DELETE, {"token": token}))["customerAccessTokenDelete"]
    assert gone == {"deletedAccessToken": token, "deletedCustomerAccessTokenId": token, "userErrors": []}
    refused = (await shop.data(DELETE, {"token": token}))["customerAccessTokenDelete"]
    assert refused["deletedAccessToken"] is None
    assert refused["userErrors"]
    assert (await shop.data(ME, {"token": token}))["customer"] is None
    assert (await shop.data(ME, {"token": other}))["customer"]["email"] == "ada@example.com"


async def test_tokens_are_not_stored(shop: Shop) -> None:
    token = await sign_in(shop)
    async with shop.database.read() as conn:
        (row,) = (await conn.execute(select(access_token))).all()
    assert token.encode() not in row.hash
    assert row.hash == token_hash(token)


async def test_the_oldest_tokens_make_room(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CUSTOMER_TOKENS_MAX", 3)
    tokens = [await sign_in(shop) for _ in range(5)]
    good = [(await shop.data(ME, {"token": token}))["customer"] is not None for token in tokens]
    assert good == [False, False, True, True, True]


async def test_expired_tokens_are_deleted(shop: Shop) -> None:
    tokens = [await sign_in(shop) for _ in range(3)]
    for token in tokens[:2]:
        await expire(shop, token)
    counts = await asyncio.gather(*(service.delete_expired_tokens(shop.resources) for _ in range(2)))
    assert sum(counts) == 2
    assert (await shop.data(ME, {"token": tokens[2]}))["customer"] is not None


async def test_a_password_that_changes_during_the_sign_in_gives_no_token(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await sign_in(shop)
    verify = passwords.matches

    async def slow(stored: str | None, password: str) -> bool:
        matched = await verify(stored, password)
        await service.update_customer(shop.database, token, {"password": "another password"})
        return matched

    monkeypatch.setattr(passwords, "matches", slow)
    with pytest.raises(Rejected, match="Unidentified"):
        await service.sign_in(shop.database, shop.resources.redis, "ada@example.com", PASSWORD)
    async with shop.database.read() as conn:
        assert len((await conn.execute(select(access_token))).all()) == 1


async def test_more_sign_ins_than_can_wait_are_told_so_and_cost_no_hash(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "PASSWORD_HASHES_WAITING_MAX", 2)
    counted = Counted()
    monkeypatch.setattr(passwords, "hasher", counted)
    answers = await asyncio.gather(*(attempt(shop, f"n{number}@example.com", PASSWORD) for number in range(20)))
    throttled = [each for each in answers if each.get("errors")]
    assert throttled
    assert {each["errors"][0]["extensions"]["code"] for each in throttled} == {"THROTTLED"}
    assert counted.verified == 20 - len(throttled)
    assert not passwords._asked
