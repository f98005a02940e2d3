"""The shop that the tests work in: small, fixed, written once into a template database."""

import sys
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from argon2 import PasswordHasher
from graphql import OperationType
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from commerce_graph.cart import tables as _cart  # noqa: F401 (its tables belong to the metadata)
from commerce_graph.catalog import tables as catalog
from commerce_graph.checkout import tables as _checkout  # noqa: F401
from commerce_graph.content import tables as _content  # noqa: F401
from commerce_graph.customer import tables as customer
from commerce_graph.discount import tables as _discount  # noqa: F401
from commerce_graph.fulfilment import tables as fulfilment
from commerce_graph.gift_card import tables as _gift_card  # noqa: F401
from commerce_graph.inventory import tables as inventory
from commerce_graph.kernel.auth import MERCHANT_SCOPES, PARTNER_SCOPES, SHOPPER_SCOPES, Principal, token_hash
from commerce_graph.kernel.context import Buyer, Context, Resources
from commerce_graph.kernel.database import Database, count_statements
from commerce_graph.kernel.execution import Engine, Operation, Refused
from commerce_graph.kernel.execution.engine import ExecutorName
from commerce_graph.kernel.ids import to_gid
from commerce_graph.kernel.tokens import api_token
from commerce_graph.order import tables as _order  # noqa: F401
from commerce_graph.payment import tables as _payment  # noqa: F401
from commerce_graph.pricing import tables as pricing
from commerce_graph.search import tables as _search  # noqa: F401
from tests.execution.comparing import alike

COMPARED: Counter[str] = Counter()
"""The queries of tests that both executors have answered alike, in this process."""
NAMESPACE = UUID("7b0e1f52-3a0c-5d6e-9c1f-5a2b7c0d9e11")
AGAIN_MAX = 5
PASSWORD = "correct horse battery"
TOKENS = {"storefront": "test_storefront", "merchant": "test_merchant", "partner": "test_partner"}


def uid(name: str) -> UUID:
    """Return the UUID of a thing of the test shop, such as `shirt`, `shirt-S-White`, `mug`, `berlin`, `eu`, `ada`."""
    return uuid5(NAMESPACE, name)


PRINCIPALS = {
    "storefront": Principal(SHOPPER_SCOPES, uid("online"), name="storefront", token_id=uid("token-storefront")),
    "merchant": Principal(MERCHANT_SCOPES, None, name="merchant", token_id=uid("token-merchant")),
    "partner": Principal(PARTNER_SCOPES, None, name="partner", token_id=uid("token-partner")),
}


@dataclass
class Shop:
    """A running shop in process: operations go through the engine without HTTP."""

    database: Database
    resources: Resources
    engine: Engine
    seconded: bool = True
    """Whether graphql-core answers each query after the engine, and has to say the same."""

    def context(
        self, token: str | None = "storefront", *, customer: str | None = None, country: str | None = None
    ) -> Context:
        """Return a fresh operation context of a caller (`storefront`, `merchant`, `partner` or None)."""
        ctx = Context(self.resources, PRINCIPALS[token] if token else Principal(), Buyer(country), "test")
        ctx.served = self.engine.graph.served
        if customer:
            ctx.as_customer(uid(customer))
        return ctx

    async def run(
        self, document: str, variables: dict[str, Any] | None = None, token: str | None = "storefront",
        *, customer: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Run an operation and return the whole response map, errors included."""
        operation = self.engine.prepare(document)
        if isinstance(operation, Refused):
            return {"errors": operation.errors}
        ctx = self.context(token, customer=customer)
        refused = self.engine.authorise(operation, ctx)
        if refused:
            return {"errors": refused.errors}
        given = deepcopy(variables)  # Strawberry takes `__typename` out of an entity's representation
        answer = await self.engine.run(operation, variables, ctx)
        # OpenSearch's cursors hold a point in time: no two answers are the same.
        seconded = self.seconded and "opensearch" not in self.resources.services
        if operation.kind is not OperationType.QUERY or not seconded:
            return answer
        told, again = answer, 0
        while not alike(told, (await self._under("graphql-core", operation, given, token, customer))[0]):
            # Somebody may have written in between.
            again += 1
            assert again < AGAIN_MAX, "the executors do not answer alike"
            told = await self.engine.run(operation, deepcopy(given), self.context(token, customer=customer))
        COMPARED["queries"] += 1
        return answer

    async def _under(
        self, executor: ExecutorName, operation: Operation, variables: dict[str, Any] | None, token: str | None,
        customer: str | None,
    ) -> tuple[dict[str, Any], int]:  # fmt: skip
        """Return an executor's answer and how many statements it took, which no test counts."""
        engine = Engine(self.engine.graph, executor)
        given = deepcopy(variables)  # Strawberry takes `__typename` out of an entity's representation
        with count_statements() as seen:
            answer = await engine.run(operation, given, self.context(token, customer=customer))
        return answer, len(seen)

    async def compared(
        self, operation: Operation, variables: dict[str, Any] | None, token: str | None, *, customer: str | None
    ) -> dict[str, Any]:
        """Run a query under both executors, and return their one answer. It must take no more statements of ours.

        What two places of a query load together depends on when PostgreSQL answers what came before: where ours takes
        more both are run again, and the fewest of ours count beside the most of the other's.
        """
        most, fewest = 0, sys.maxsize
        for _ in range(AGAIN_MAX):
            expected, others = await self._under("graphql-core", operation, variables, token, customer)
            answer, ours = await self._under("breadth", operation, variables, token, customer)
            assert answer == expected
            most, fewest = max(most, others), min(fewest, ours)
            if fewest <= most:
                return answer
        raise AssertionError(f"{fewest} statements, {most} under graphql-core")

    async def data(
        self, document: str, variables: dict[str, Any] | None = None, token: str | None = "storefront",
        *, customer: str | None = None,
    ) -> Any:  # fmt: skip
        """Run an operation that must have no errors, and return its data."""
        response = await self.run(document, variables, token, customer=customer)
        assert "errors" not in response, response["errors"]
        return response["data"]

    async def statements(
        self, document: str, variables: dict[str, Any] | None = None, token: str | None = "storefront",
        *, customer: str | None = None,
    ) -> list[str]:  # fmt: skip
        """Run an operation that must have no errors, and return the SQL statements it took."""
        with count_statements() as seen:
            await self.data(document, variables, token, customer=customer)
        return [*seen]


def gid(kind: str, name: str) -> str:
    """Return the global id of a thing of the test shop."""
    return to_gid(kind, uid(name))


@dataclass(frozen=True)
class _Thing:
    handle: str
    title: str
    kind: str
    vendor: str
    tags: tuple[str, ...]
    options: tuple[tuple[str, tuple[str, ...]], ...]
    prices: tuple[int, int, int]  # EUR, USD, JPY in minor units
    stock: tuple[int, int]  # Berlin, Newark
    weight_g: int = 200
    tracked: bool = True
    oversell: bool = False
    shipped: bool = True
    status: str = "ACTIVE"


NO_OPTIONS = (("Title", ("Default Title",)),)
THINGS = (
    _Thing("shirt", "Linen Shirt", "Shirt", "Nord", ("summer", "linen"),
           (("Size", ("S", "M")), ("Color", ("White", "Blue"))), (4900, 5500, 8000), (10, 5), 250),
    _Thing("mug", "Stone Mug", "Mug", "Clay & Co", ("kitchen",), NO_OPTIONS, (1800, 2000, 2900), (3, 0), 400),
    _Thing("lamp", "Desk Lamp", "Lamp", "Nord", ("light",), NO_OPTIONS, (12000, 13000, 19000), (0, 0), 2500),
    _Thing("print", "Art Print", "Print", "Atelier", ("wall",), NO_OPTIONS, (3000, 3300, 4800), (0, 0), oversell=True),
    _Thing("guide", "Field Guide", "E-Book", "Atelier", ("digital",), NO_OPTIONS, (999, 1099, 1500), (0, 0), 0,
           tracked=False, shipped=False),
    _Thing("chair", "Secret Chair", "Chair", "Nord", (), NO_OPTIONS, (20000, 22000, 32000), (4, 4), 6000,
           status="DRAFT"),
)  # fmt: skip
MARKETS = (
    ("eu", "Europe", "EUR", "EN", True, True, ("DE", "AT", "FR"), ("EN", "DE", "FR")),
    ("us", "United States", "USD", "EN", False, False, ("US",), ("EN", "ES")),
    ("jp", "Japan", "JPY", "JA", False, True, ("JP",), ("JA", "EN")),
)


async def fill(tx: AsyncConnection) -> None:
    """Write the test shop into an empty database."""
    await tx.execute(insert(catalog.channel).values(id=uid("online"), handle="online", name="Online Store"))
    await _tokens(tx)
    await _markets(tx)
    await tx.execute(
        insert(inventory.location),
        [
            {"id": uid("berlin"), "name": "Berlin", "country": "DE", "priority": 0},
            {"id": uid("newark"), "name": "Newark", "country": "US", "priority": 1},
        ],
    )
    for thing in THINGS:
        await _product(tx, thing)
    await _collections(tx)
    await _rates(tx)
    await _customer(tx)


async def _tokens(tx: AsyncConnection) -> None:
    for name, principal in PRINCIPALS.items():
        row = {"id": uid(f"token-{name}"), "hash": token_hash(TOKENS[name]), "name": name}
        scopes = sorted(principal.scopes)
        await tx.execute(insert(api_token).values(**row, scopes=scopes, channel_id=principal.channel_id))


async def _markets(tx: AsyncConnection) -> None:
    await tx.execute(insert(pricing.shop).values(name="Test Shop", description="A shop for tests", email="shop@t.test"))
    for handle, name, currency, language, primary, included, countries, languages in MARKETS:
        row = {"id": uid(handle), "handle": handle, "name": name, "currency": currency, "language": language}
        await tx.execute(insert(pricing.market).values(**row, is_primary=primary, tax_included=included))
        for position, country in enumerate(countries):
            at = {"country": country, "market_id": uid(handle), "position": position}
            await tx.execute(insert(pricing.market_country).values(**at))
        for each in languages:
            await tx.execute(insert(pricing.market_language).values(market_id=uid(handle), language=each))
    rates = (("DE", "", "VAT", 1900), ("AT", "", "VAT", 2000), ("FR", "", "VAT", 2000), ("JP", "", "JCT", 1000),
             ("US", "CA", "CA Sales Tax", 725))  # fmt: skip
    for country, province, name, bps in rates:
        row = {"id": uid(f"tax-{country}-{province}"), "country": country, "province": province, "name": name}
        await tx.execute(insert(pricing.tax_rate).values(**row, rate_bps=bps, on_shipping=country != "US"))


def variant_names(thing: _Thing) -> list[str]:
    """Return the names of a thing's variants: `mug`, or `shirt-S-White` and so on."""
    if thing.options == NO_OPTIONS:
        return [f"{thing.handle}-variant"]
    (_, first), (_, second) = thing.options
    return [f"{thing.handle}-{a}-{b}" for a in first for b in second]


async def _product(tx: AsyncConnection, thing: _Thing) -> None:
    product = uid(thing.handle)
    options = [
        {
            "id": str(uid(f"{thing.handle}-{name}")),
            "name": name,
            "values": [{"id": str(uid(f"{thing.handle}-{name}-{value}")), "name": value} for value in values],
        }
        for name, values in thing.options
    ]
    sold = not thing.tracked or thing.oversell or sum(thing.stock) > 0
    await tx.execute(
        insert(catalog.product).values(
            id=product,
            handle=thing.handle,
            title=thing.title,
            product_type=thing.kind,
            vendor=thing.vendor,
            description_html=f"<p>A fine {thing.title}.</p>",
            description=f"A fine {thing.title}.",
            tags=list(thing.tags),
            status=thing.status,
            options=options,
            available=sold,
        )
    )
    picture = {"id": uid(f"{thing.handle}-picture"), "product_id": product, "position": 1}
    await tx.execute(
        insert(catalog.media).values(
            **picture, url=f"/media/{thing.handle}.svg", alt=thing.title, width=800, height=800
        )
    )
    if thing.status == "ACTIVE":
        await tx.execute(insert(catalog.publication).values(channel_id=uid("online"), product_id=product))
    for position, name in enumerate(variant_names(thing), 1):
        values = name.split("-")[1:] if len(thing.options) > 1 else ["Default Title"]
        chosen = [{"name": n, "value": v} for (n, _), v in zip(thing.options, values, strict=True)]
        await tx.execute(
            insert(catalog.variant).values(
                id=uid(name),
                product_id=product,
                title=" / ".join(values),
                position=position,
                sku=name.upper(),
                barcode=f"400000000{position}",
                weight_g=thing.weight_g,
                requires_shipping=thing.shipped,
                selected_options=chosen,
                available=sold,
            )
        )
        flags = {"tracked": thing.tracked, "oversell": thing.oversell}
        await tx.execute(insert(inventory.item).values(id=uid(name), product_id=product, **flags))
        for place, on_hand in zip(("berlin", "newark"), thing.stock, strict=True):
            row = {"item_id": uid(name), "location_id": uid(place), "on_hand": on_hand}
            await tx.execute(insert(inventory.level).values(**row, oversell=thing.oversell or not thing.tracked))
            if on_hand:
                await tx.execute(insert(inventory.movement).values(**row, kind="RECEIVE"))
        for (handle, *_), amount in zip(MARKETS, thing.prices, strict=True):
            row = {"market_id": uid(handle), "variant_id": uid(name), "product_id": product, "amount_minor": amount}
            compare = amount + 1000 if name == "shirt-S-White" else None
            await tx.execute(insert(pricing.price).values(**row, compare_at_minor=compare))
    for (handle, *_), amount in zip(MARKETS, thing.prices, strict=True):
        row = {"product_id": product, "market_id": uid(handle), "min_minor": amount, "max_minor": amount}
        await tx.execute(insert(catalog.product_price).values(**row))


async def _collections(tx: AsyncConnection) -> None:
    rules = {
        "applied_disjunctively": False,
        "rules": [{"column": "TYPE", "relation": "EQUALS", "condition": "Lamp"}],
    }
    for handle, title, rule_set, order, members in (
        ("summer", "Summer", None, "MANUAL", ("shirt", "mug")),
        ("lighting", "Lighting", rules, "BEST_SELLING", ("lamp",)),
    ):
        row = {"id": uid(handle), "handle": handle, "title": title, "rule_set": rule_set, "sort_order": order}
        await tx.execute(insert(catalog.collection).values(**row))
        on = {"channel_id": uid("online"), "collection_id": uid(handle)}
        await tx.execute(insert(catalog.collection_publication).values(**on))
        for position, member in enumerate(members, 1):
            row = {"collection_id": uid(handle), "product_id": uid(member), "position": position}
            await tx.execute(insert(catalog.collection_product).values(**row))


async def _rates(tx: AsyncConnection) -> None:
    zones = {"europe": ("DE", "AT", "FR"), "united-states": ("US",), "japan": ("JP",)}
    for name, countries in zones.items():
        await tx.execute(insert(fulfilment.zone).values(id=uid(name), name=name))
        for country in countries:
            await tx.execute(insert(fulfilment.zone_country).values(country=country, zone_id=uid(name)))
    for position, (zone, handle, title, currency, amount, lowest, highest) in enumerate(
        (
            ("europe", "standard", "Standard", "EUR", 490, 0, None),
            ("europe", "express", "Express", "EUR", 990, 0, 1000),
            ("europe", "express", "Express", "EUR", 1990, 1000, 30_000),
            ("united-states", "standard", "Standard", "USD", 600, 0, None),
            ("japan", "standard", "Standard", "JPY", 800, 0, None),
        )
    ):
        row = {"id": uid(f"rate-{position}"), "zone_id": uid(zone), "handle": handle, "title": title}
        bounds = {"currency": currency, "amount_minor": amount, "from_g": lowest, "to_g": highest}
        await tx.execute(insert(fulfilment.rate).values(**row, **bounds, position=position))


async def _customer(tx: AsyncConnection) -> None:
    hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    row = {"id": uid("ada"), "email": "ada@example.com", "first_name": "Ada", "last_name": "Byron"}
    home = uid("ada-home")
    await tx.execute(insert(customer.customer).values(**row, password_hash=hashed, default_address_id=home))
    place = {"address1": "Hauptstr. 1", "city": "Berlin", "country_code": "DE", "zip": "10115"}
    name = {"first_name": "Ada", "last_name": "Byron"}
    await tx.execute(insert(customer.address).values(id=home, customer_id=uid("ada"), **name, **place))
