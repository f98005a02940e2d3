"""Accounts: opened once for an email, seen by their customer only, changed by who is signed in."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from commerce_graph.customer.tables import customer
from commerce_graph.kernel import limits
from tests.shop import PASSWORD, Shop, gid

CREATE = """mutation($input: CustomerCreateInput!) { customerCreate(input: $input) {
  customer { id email firstName lastName displayName phone acceptsMarketing createdAt updatedAt defaultAddress { id } }
  customerUserErrors { code field message } userErrors { field message }
} }"""
SIGN_IN = """mutation($input: CustomerAccessTokenCreateInput!) { customerAccessTokenCreate(input: $input) {
  customerAccessToken { accessToken expiresAt } customerUserErrors { code field } userErrors { message }
} }"""
UPDATE = """mutation($token: String!, $customer: CustomerUpdateInput!) {
  customerUpdate(customerAccessToken: $token, customer: $customer) {
    customer { email firstName lastName phone acceptsMarketing displayName }
    customerAccessToken { accessToken } customerUserErrors { code field }
  }
}"""
ME = "query($token: String) { customer(customerAccessToken: $token) { id email } }"


async def sign_in(shop: Shop, email: str = "ada@example.com", password: str = PASSWORD) -> str:
    answer = await shop.data(SIGN_IN, {"input": {"email": email, "password": password}})
    assert answer["customerAccessTokenCreate"]["customerUserErrors"] == []
    token: str = answer["customerAccessTokenCreate"]["customerAccessToken"]["accessToken"]
    return token


async def create(shop: Shop, **details: Any) -> Any:
    given = {"email": "grace@example.com", "password": "a long password", **details}
    return (await shop.data(CREATE, {"input": given}))["customerCreate"]


async def update(shop: Shop, token: str, **details: Any) -> Any:
    return (await shop.data(UPDATE, {"token": token, "customer": details}))["customerUpdate"]


@pytest.mark.parametrize(
    ("details", "code", "field"),
    [
        ({"email": ""}, "BLANK", "email"),
        ({"email": "nobody"}, "INVALID", "email"),
        ({"email": "a@b@c.test"}, "INVALID", "email"),
        ({"email": "a\u0000b@example.com"}, "INVALID", "email"),
        ({"email": f"{'x' * 65}@example.com"}, "INVALID", "email"),
        ({"email": "ADA@example.com"}, "TAKEN", "email"),
        ({"password": ""}, "BLANK", "password"),
        ({"password": " " * 10}, "BLANK", "password"),
        ({"password": " a long password"}, "PASSWORD_STARTS_OR_ENDS_WITH_WHITESPACE", "password"),
        ({"password": "x" * (limits.PASSWORD_CHARS_MIN - 1)}, "TOO_SHORT", "password"),
        ({"password": "x" * (limits.PASSWORD_CHARS_MAX + 1)}, "TOO_LONG", "password"),
        ({"firstName": "x" * (limits.CUSTOMER_NAME_CHARS_MAX + 1)}, "TOO_LONG", "firstName"),
        ({"firstName": "a\u0000b"}, "INVALID", "firstName"),
        ({"lastName": "<b>Bold</b>"}, "CONTAINS_HTML_TAGS", "lastName"),
        ({"lastName": "see https://spam.test"}, "CONTAINS_URL", "lastName"),
        ({"phone": "12"}, "INVALID", "phone"),
    ],
)
async def test_an_account_that_is_not_opened(shop: Shop, details: dict[str, str], code: str, field: str) -> None:
    answer = await create(shop, **details)
    assert answer["customer"] is None
    (error,) = answer["customerUserErrors"]
    assert (error["code"], error["field"]) == (code, ["input", field])
    assert answer["userErrors"] == [{"field": error["field"], "message": error["message"]}]


@pytest.mark.parametrize("size", [limits.PASSWORD_CHARS_MIN, limits.PASSWORD_CHARS_MAX])
async def test_an_account_is_opened(shop: Shop, size: int) -> None:
    more = {"firstName": " Grace ", "lastName": "Hopper", "phone": "+1 (613) 555-1111", "acceptsMarketing": True}
    answer = await create(shop, email=" Grace@Example.com ", password="x" * size, **more)
    made = answer["customer"]
    assert made["email"] == "grace@example.com"
    assert (made["displayName"], made["phone"], made["acceptsMarketing"]) == ("Grace Hopper", "+16135551111", True)
    assert made["defaultAddress"] is None
    token = await sign_in(shop, "GRACE@example.com", "x" * size)
    assert (await shop.data(ME, {"token": token}))["customer"]["id"] == made["id"]
    async with shop.database.read() as conn:
        stored = (
            await conn.execute(select(customer.c.password_hash).where(customer.c.email == made["email"]))
        ).scalar()
    assert stored.startswith("$argon2id$")


async def test_one_email_is_taken_once(shop: Shop) -> None:
    answers = await asyncio.gather(*(create(shop) for _ in range(10)))
    codes = [error["code"] for answer in answers for error in answer["customerUserErrors"]]
    assert codes == ["TAKEN"] * 9


async def test_a_customer_is_seen_by_the_customer_and_by_merchants_only(shop: Shop) -> None:
    token = await sign_in(shop)
    mine = {"id": gid("Customer", "ada"), "email": "ada@example.com"}
    assert (await shop.data(ME, {"token": token}))["customer"] == mine
    assert (await shop.data(ME, {"token": token}, "merchant"))["customer"] == mine
    assert (await shop.data(ME, customer="ada"))["customer"] == mine
    assert (await shop.data(ME))["customer"] is None
    assert (await shop.data(ME, {"token": "customer_unknown"}))["customer"] is None
    assert (await shop.data(ME, customer="nobody"))["customer"] is None
    for caller in ("partner", None):
        refused = await shop.run(ME, {"token": token}, caller)
        assert refused["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


async def test_references_are_answered_to_who_may_see_them(shop: Shop) -> None:
    text = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { email } } }"

    async def answer(token: str, **caller: str) -> Any:
        about = {"r": [{"__typename": "Customer", "id": gid("Customer", "ada")}]}
        return (await shop.data(text, about, token, **caller))["_entities"]

    assert await answer("storefront") == [None]
    assert await answer("storefront", customer="ada") == [{"email": "ada@example.com"}]
    assert await answer("merchant") == [{"email": "ada@example.com"}]


async def test_a_change_that_is_refused(shop: Shop) -> None:
    await create(shop)
    token = await sign_in(shop)
    for details, code in (
        ({"email": "grace@example.com"}, "TAKEN"),
        ({"email": None}, "BLANK"),
        ({"email": "x"}, "INVALID"),
        ({"password": None}, "BLANK"),
        ({"password": "short"}, "TOO_SHORT"),
        ({"firstName": "www.spam.test"}, "CONTAINS_URL"),
    ):
        answer = await update(shop, token, **details)
        assert [error["code"] for error in answer["customerUserErrors"]] == [code], details
    answer = await update(shop, "customer_unknown", firstName="Eve")
    assert answer["customerUserErrors"] == [{"code": "TOKEN_INVALID", "field": ["customerAccessToken"]}]


async def test_only_what_is_given_changes(shop: Shop) -> None:
    token = await sign_in(shop)
    answer = await update(shop, token, phone="+4930123456", acceptsMarketing=True)
    assert answer["customer"]["firstName"] == "Ada"
    answer = await update(shop, token, firstName=None, acceptsMarketing=None, email="Ada.Byron@example.com")
    assert answer["customer"] == {
        "email": "ada.byron@example.com", "firstName": None, "lastName": "Byron", "phone": "+4930123456",
        "acceptsMarketing": True, "displayName": "Byron",
    }  # fmt: skip
    assert answer["customerAccessToken"] is None
    assert (await update(shop, token))["customer"]["lastName"] == "Byron"


async def test_an_email_is_taken_once_by_changes_too(shop: Shop) -> None:
    tokens = [await sign_in(shop)]
    for name in ("b", "c"):
        await create(shop, email=f"{name}@example.com")
        tokens.append(await sign_in(shop, f"{name}@example.com", "a long password"))
    answers = await asyncio.gather(*(update(shop, token, email="same@example.com") for token in tokens))
    codes = sorted(error["code"] for answer in answers for error in answer["customerUserErrors"])
    assert codes == ["TAKEN", "TAKEN"]


async def test_a_new_password_ends_every_token_and_gives_one(shop: Shop) -> None:
    old, other = await sign_in(shop), await sign_in(shop)
    answer = await update(shop, old, password="another password")
    new = answer["customerAccessToken"]["accessToken"]
    for token, expected in ((old, None), (other, None), (new, "ada@example.com")):
        found = (await shop.data(ME, {"token": token}))["customer"]
        assert (found and found["email"]) == expected
    refused = await shop.data(SIGN_IN, {"input": {"email": "ada@example.com", "password": PASSWORD}})
    assert refused["customerAccessTokenCreate"]["customerUserErrors"][0]["code"] == "UNIDENTIFIED_CUSTOMER"
    await sign_in(shop, password="another password")


async def test_of_two_new_passwords_at_once_one_is_set(shop: Shop) -> None:
    token = await sign_in(shop)
    answers = await asyncio.gather(*(update(shop, token, password=f"new password {n}") for n in range(4)))
    errors = [error["code"] for answer in answers for error in answer["customerUserErrors"]]
    assert errors == ["TOKEN_INVALID"] * 3
    (winner,) = (n for n, answer in enumerate(answers) if answer["customerAccessToken"])
    await sign_in(shop, password=f"new password {winner}")


async def test_statements_do_not_grow_with_customers(shop: Shop) -> None:
    await create(shop)
    text = """query($r: [_Any!]!) { _entities(representations: $r) {
      ... on Customer { email defaultAddress { city } addresses(first: 5) { nodes { city } } }
    } }"""
    counts = []
    async with shop.database.read() as conn:
        ids = [str(row.id) for row in await conn.execute(select(customer.c.id))]
    for size in (1, 2):
        about = [{"__typename": "Customer", "id": f"gid://shopify/Customer/{each}"} for each in ids[:size]]
        counts.append(len(await shop.statements(text, {"r": about}, "merchant")))
    assert counts == [2, 2]
