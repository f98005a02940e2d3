"""Delivery addresses, groups and options: refusals first."""

from typing import Any
from uuid import uuid4

import pytest

from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.limits import CART_ADDRESSES_MAX
from tests.cart.storefront import BERLIN, CREATE, create, deliverable, line
from tests.shop import Shop

SHOWN = """
  cart {
    delivery {
      addresses { id selected oneTimeUse address { ... on CartDeliveryAddress { city countryCode name formatted } } }
      chosen: addresses(selected: true) { id }
    }
    deliveryGroups(first: 5) {
      nodes {
        id
        groupType
        deliveryAddress { city formatted }
        deliveryOptions { code handle title estimatedCost { amount currencyCode } deliveryMethodType }
        selectedDeliveryOption { handle }
        cartLines(first: 5) { nodes { quantity } }
      }
    }
    cost { totalAmount { amount } totalAmountEstimated subtotalAmountEstimated checkoutChargeAmount { amount } }
  }
  userErrors { code field }
"""
ADD = f"""mutation($id: ID!, $addresses: [CartSelectableAddressInput!]!) {{
  cartDeliveryAddressesAdd(cartId: $id, addresses: $addresses) {{ {SHOWN} }}
}}"""
REPLACE = f"""mutation($id: ID!, $addresses: [CartSelectableAddressInput!]!) {{
  cartDeliveryAddressesReplace(cartId: $id, addresses: $addresses) {{ {SHOWN} }}
}}"""
UPDATE = f"""mutation($id: ID!, $addresses: [CartSelectableAddressUpdateInput!]!) {{
  cartDeliveryAddressesUpdate(cartId: $id, addresses: $addresses) {{ {SHOWN} }}
}}"""
REMOVE = f"""mutation($id: ID!, $ids: [ID!]!) {{
  cartDeliveryAddressesRemove(cartId: $id, addressIds: $ids) {{ {SHOWN} }}
}}"""
CHOOSE = f"""mutation($id: ID!, $chosen: [CartSelectedDeliveryOptionInput!]!) {{
  cartSelectedDeliveryOptionsUpdate(cartId: $id, selectedDeliveryOptions: $chosen) {{ {SHOWN} }}
}}"""


def place(city: str = "Berlin", country: str = "DE", **more: Any) -> Any:
    return {"address": {"deliveryAddress": {**BERLIN, "city": city, "countryCode": country}}, **more}


async def run(shop: Shop, document: str, cart: Any, **variables: Any) -> Any:
    (came,) = (await shop.data(document, {"id": cart["id"], **variables})).values()
    return came


async def refusal(shop: Shop, document: str, cart: Any, **variables: Any) -> tuple[str, list[str]]:
    (error,) = (await run(shop, document, cart, **variables))["userErrors"]
    return error["code"], error["field"]


def cities(came: Any) -> list[tuple[str, bool]]:
    return [(each["address"]["city"], each["selected"]) for each in came["cart"]["delivery"]["addresses"]]


async def test_addresses_that_cannot_be_are_refused(shop: Shop) -> None:
    cart = await create(shop, line("mug-variant"))
    both = [place(selected=True), place(selected=True)]
    strict = {"address": {"deliveryAddress": {"city": "Berlin"}}, "validationStrategy": "STRICT"}
    long = {"address": {"deliveryAddress": {"city": "x" * 256}}}
    for given, code, field in (
        (both, "ONLY_ONE_DELIVERY_ADDRESS_CAN_BE_SELECTED", ["addresses"]),
        ([place()] * (CART_ADDRESSES_MAX + 1), "TOO_MANY_DELIVERY_ADDRESSES", ["addresses"]),
        ([place(), strict], "ADDRESS_FIELD_IS_REQUIRED",
         ["addresses", "1", "address", "deliveryAddress", "address1"]),
        ([long], "INVALID", ["addresses", "0", "address", "deliveryAddress", "city"]),
    ):  # fmt: skip
        assert await refusal(shop, ADD, cart, addresses=given) == (code, field)
        assert await refusal(shop, REPLACE, cart, addresses=given) == (code, field)
        (error,) = (await shop.data(CREATE, {"input": {"delivery": {"addresses": given}}}))["cartCreate"]["userErrors"]
        assert (error["code"], error["field"]) == (code, ["input", "delivery", *field])
    gone = to_gid("CartSelectableAddress", uuid4())
    assert await refusal(shop, UPDATE, cart, addresses=[{"id": gone}]) == (
        "INVALID_DELIVERY_ADDRESS_ID", ["addresses", "0", "id"],
    )  # fmt: skip
    assert await refusal(shop, REMOVE, cart, ids=[gone]) == ("INVALID_DELIVERY_ADDRESS_ID", ["addressIds", "0"])


async def test_addresses_are_added_changed_selected_and_removed(shop: Shop) -> None:
    cart = await create(shop, line("mug-variant"))
    came = await run(shop, ADD, cart, addresses=[place(oneTimeUse=True), place("Wien", "AT")])
    assert cities(came) == [("Berlin", True), ("Wien", False)], "the first one is selected"
    assert came["cart"]["delivery"]["addresses"][0]["address"]["name"] == "Ada Byron"
    came = await run(shop, ADD, cart, addresses=[place("Paris", "FR", selected=True)])
    assert cities(came) == [("Berlin", False), ("Wien", False), ("Paris", True)]
    ids = [each["id"] for each in came["cart"]["delivery"]["addresses"]]
    assert [each["id"] for each in came["cart"]["delivery"]["chosen"]] == [ids[2]]
    both = [{"id": each, "selected": True} for each in ids[:2]]
    assert (await refusal(shop, UPDATE, cart, addresses=both))[0] == "ONLY_ONE_DELIVERY_ADDRESS_CAN_BE_SELECTED"
    came = await run(shop, UPDATE, cart, addresses=[{"id": ids[0], "selected": True, **place("Bonn")}])
    assert cities(came) == [("Bonn", True), ("Wien", False), ("Paris", False)]
    assert came["cart"]["delivery"]["addresses"][0]["oneTimeUse"] is True
    came = await run(shop, REMOVE, cart, ids=ids[:2])
    assert cities(came) == [("Paris", False)]
    assert came["cart"]["deliveryGroups"]["nodes"] == []
    came = await run(shop, REPLACE, cart, addresses=[place("Lyon", "FR")])
    assert cities(came) == [("Lyon", True)]


async def test_the_cheapest_option_is_selected_until_another_is_chosen(shop: Shop) -> None:
    cart = await deliverable(shop, line("mug-variant"), line("guide-variant"))
    came = await run(shop, REMOVE, cart, ids=[])
    (group,) = came["cart"]["deliveryGroups"]["nodes"]
    assert [each["handle"] for each in group["deliveryOptions"]] == ["standard", "express"]
    assert group["deliveryOptions"][0] == {
        "code": "standard", "handle": "standard", "title": "Standard", "deliveryMethodType": "SHIPPING",
        "estimatedCost": {"amount": "4.90", "currencyCode": "EUR"},
    }  # fmt: skip
    assert group["selectedDeliveryOption"] == {"handle": "standard"}
    assert len(group["cartLines"]["nodes"]) == 1, "a guide is not sent"
    assert came["cart"]["cost"] == {
        "totalAmount": {"amount": "32.89"}, "totalAmountEstimated": False, "subtotalAmountEstimated": False,
        "checkoutChargeAmount": {"amount": "32.89"},
    }  # fmt: skip
    other = {"deliveryGroupId": to_gid("CartDeliveryGroup", uuid4()), "deliveryOptionHandle": "express"}
    at = ["selectedDeliveryOptions", "0"]
    assert await refusal(shop, CHOOSE, cart, chosen=[other]) == ("INVALID_DELIVERY_GROUP", [*at, "deliveryGroupId"])
    drone = {"deliveryGroupId": group["id"], "deliveryOptionHandle": "drone"}
    told = ("INVALID_DELIVERY_OPTION", [*at, "deliveryOptionHandle"])
    assert await refusal(shop, CHOOSE, cart, chosen=[drone]) == told
    express = {"deliveryGroupId": group["id"], "deliveryOptionHandle": "express"}
    came = await run(shop, CHOOSE, cart, chosen=[express])
    assert came["cart"]["deliveryGroups"]["nodes"][0]["selectedDeliveryOption"] == {"handle": "express"}
    assert came["cart"]["cost"]["totalAmount"] == {"amount": "37.89"}


async def test_nothing_is_delivered_where_no_rate_goes(shop: Shop) -> None:
    cart = await create(shop, line("mug-variant"), delivery={"addresses": [place("New York", "US")]})
    came = await run(shop, REMOVE, cart, ids=[])
    (group,) = came["cart"]["deliveryGroups"]["nodes"]
    assert (group["deliveryOptions"], group["selectedDeliveryOption"]) == ([], None)
    assert came["cart"]["cost"]["totalAmountEstimated"] is True


@pytest.mark.parametrize(
    ("country", "province", "tax"), [("US", "CA", "1.45"), ("US", "California", "1.45"), ("US", None, "0.00")]
)
async def test_taxes_are_added_where_prices_do_not_hold_them(
    shop: Shop, country: str, province: str | None, tax: str
) -> None:
    address = {**BERLIN, "countryCode": country, "provinceCode": province}
    cart = await create(
        shop,
        line("mug-variant"),
        buyerIdentity={"countryCode": "US"},
        delivery={"addresses": [{"address": {"deliveryAddress": address}}]},
    )
    assert cart["cost"]["totalTaxAmount"]["amount"] == tax
    assert cart["cost"]["subtotalAmount"]["amount"] == "20.00"
    assert float(cart["cost"]["totalAmount"]["amount"]) == 26.0 + float(tax)
