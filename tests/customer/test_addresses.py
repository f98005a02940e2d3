"""A customer's addresses: whose they are, which is the default, and how many."""

import asyncio
from typing import Any

from commerce_graph.kernel import limits
from tests.customer.test_account import create, sign_in
from tests.shop import Shop, gid

ERRORS = "customerUserErrors { code field } userErrors { message }"
CREATE = f"""mutation($token: String!, $address: MailingAddressInput!) {{
  done: customerAddressCreate(customerAccessToken: $token, address: $address) {{
    customerAddress {{ id address1 city countryCodeV2 firstName zip }} {ERRORS} }} }}"""
UPDATE = f"""mutation($token: String!, $id: ID!, $address: MailingAddressInput!) {{
  done: customerAddressUpdate(customerAccessToken: $token, id: $id, address: $address) {{
    customerAddress {{ id address1 city countryCodeV2 firstName zip }} {ERRORS} }} }}"""
DELETE = f"""mutation($token: String!, $id: ID!) {{
  done: customerAddressDelete(customerAccessToken: $token, id: $id) {{ deletedCustomerAddressId {ERRORS} }} }}"""
DEFAULT = f"""mutation($token: String!, $id: ID!) {{
  done: customerDefaultAddressUpdate(customerAccessToken: $token, addressId: $id) {{
    customer {{ defaultAddress {{ id }} }} {ERRORS} }} }}"""
MINE = """query($token: String!, $first: Int, $last: Int, $reverse: Boolean, $after: String) {
  customer(customerAccessToken: $token) { defaultAddress { id city }
    addresses(first: $first, last: $last, reverse: $reverse, after: $after) {
      nodes { id city } edges { cursor } pageInfo { hasNextPage endCursor } } } }"""


async def run(shop: Shop, text: str, token: str, **variables: Any) -> Any:
    return (await shop.data(text, {"token": token, **variables}))["done"]


async def add(shop: Shop, token: str, city: str, **more: str) -> str:
    answer = await run(shop, CREATE, token, address={"address1": "1 Main St", "city": city, "country": "DE", **more})
    assert answer["customerUserErrors"] == []
    made: str = answer["customerAddress"]["id"]
    return made


async def mine(shop: Shop, token: str, **page: Any) -> Any:
    return (await shop.data(MINE, {"token": token, "reverse": False, **(page or {"first": 250})}))["customer"]


async def test_an_address_that_is_not_added(shop: Shop) -> None:
    token = await sign_in(shop)
    home = {"firstName": "Ada", "lastName": "Byron", "address1": "Hauptstr. 1", "city": "Berlin", "country": "Germany"}
    for address, code in (
        ({}, "BLANK"),
        ({"city": " "}, "BLANK"),
        ({"country": "Atlantis"}, "INVALID"),
        ({"city": "x" * (limits.ADDRESS_FIELD_CHARS_MAX + 1)}, "INVALID"),
        ({**home, "zip": "10115"}, "TAKEN"),
    ):
        answer = await run(shop, CREATE, token, address=address)
        assert [error["code"] for error in answer["customerUserErrors"]] == [code], address
        assert len(answer["userErrors"]) == 1
    answer = await run(shop, CREATE, "customer_unknown", address={"city": "Bonn"})
    assert answer["customerUserErrors"] == [{"code": "TOKEN_INVALID", "field": ["customerAccessToken"]}]


async def test_nobody_touches_the_address_of_another(shop: Shop) -> None:
    await create(shop)
    eve = await sign_in(shop, "grace@example.com", "a long password")
    home = gid("MailingAddress", "ada-home")
    for text, field, more in (
        (UPDATE, "id", {"address": {"city": "Hacked"}}),
        (DELETE, "id", {}),
        (DEFAULT, "addressId", {}),
    ):
        answer = await run(shop, text, eve, id=home, **more)
        assert answer["customerUserErrors"] == [{"code": "NOT_FOUND", "field": [field]}]
    token = await sign_in(shop)
    assert (await mine(shop, token))["defaultAddress"] == {"id": home, "city": "Berlin"}
    wrong = await shop.run(DELETE, {"token": token, "id": gid("Customer", "ada")})
    assert wrong["errors"][0]["extensions"]["code"] == "INVALID_ID"


async def test_an_update_keeps_what_is_not_mentioned(shop: Shop) -> None:
    token = await sign_in(shop)
    home = gid("MailingAddress", "ada-home")
    answer = await run(shop, UPDATE, token, id=home, address={"city": "Wien", "country": "Austria"})
    assert answer["customerAddress"] == {
        "id": home, "address1": "Hauptstr. 1", "city": "Wien", "countryCodeV2": "AT", "firstName": "Ada",
        "zip": "10115",
    }  # fmt: skip
    answer = await run(shop, UPDATE, token, id=home, address={"firstName": None, "zip": ""})
    assert answer["customerAddress"]["city"] == "Wien"
    assert (answer["customerAddress"]["firstName"], answer["customerAddress"]["zip"]) == (None, None)
    other = await add(shop, token, "Bonn")
    twice = {"firstName": None, "lastName": "Byron", "address1": "Hauptstr. 1", "city": "Wien", "country": "AT"}
    answer = await run(shop, UPDATE, token, id=other, address=twice)
    assert answer["customerUserErrors"][0]["code"] == "TAKEN"
    nothing = dict.fromkeys(("address1", "city", "country"))
    answer = await run(shop, UPDATE, token, id=other, address=nothing)
    assert answer["customerUserErrors"][0]["code"] == "BLANK"


async def test_the_default_moves_on(shop: Shop) -> None:
    await create(shop)
    token = await sign_in(shop, "grace@example.com", "a long password")
    assert (await mine(shop, token))["defaultAddress"] is None
    bonn, koeln, mainz = [await add(shop, token, city) for city in ("Bonn", "Köln", "Mainz")]
    assert (await mine(shop, token))["defaultAddress"]["id"] == bonn
    answer = await run(shop, DEFAULT, token, id=mainz)
    assert answer["customer"]["defaultAddress"]["id"] == mainz
    for gone, then in ((mainz, bonn), (bonn, koeln), (koeln, None)):
        answer = await run(shop, DELETE, token, id=gone)
        assert answer["deletedCustomerAddressId"] == gone
        default = (await mine(shop, token))["defaultAddress"]
        assert (default and default["id"]) == then
    answer = await run(shop, DELETE, token, id=koeln)
    assert answer["customerUserErrors"][0]["code"] == "NOT_FOUND"


async def test_pages_of_addresses(shop: Shop) -> None:
    token = await sign_in(shop)
    for city in ("Bonn", "Mainz"):
        await add(shop, token, city)

    async def cities(**page: Any) -> list[str]:
        return [node["city"] for node in (await mine(shop, token, **page))["addresses"]["nodes"]]

    oldest_first = await cities(first=9)
    assert sorted(oldest_first) == ["Berlin", "Bonn", "Mainz"]
    assert await cities(first=9, reverse=True) == oldest_first[::-1]
    assert await cities(last=1) == oldest_first[-1:]
    first = (await mine(shop, token, first=1))["addresses"]
    assert first["pageInfo"]["hasNextPage"]
    assert await cities(first=9, after=first["pageInfo"]["endCursor"]) == oldest_first[1:]


async def test_the_limit_holds_against_many_at_once(shop: Shop) -> None:
    token = await sign_in(shop)
    for number in range(limits.CUSTOMER_ADDRESSES_MAX - 3):
        await add(shop, token, f"City {number}")
    answers = await asyncio.gather(*(run(shop, CREATE, token, address={"city": f"Last {n}"}) for n in range(5)))
    codes = [error["code"] for answer in answers for error in answer["customerUserErrors"]]
    assert codes == ["INVALID"] * 3
    assert len((await mine(shop, token))["addresses"]["nodes"]) == limits.CUSTOMER_ADDRESSES_MAX


async def test_one_address_is_kept_once(shop: Shop) -> None:
    token = await sign_in(shop)
    answers = await asyncio.gather(*(run(shop, CREATE, token, address={"city": "Bonn"}) for _ in range(4)))
    codes = [error["code"] for answer in answers for error in answer["customerUserErrors"]]
    assert codes == ["TAKEN"] * 3
