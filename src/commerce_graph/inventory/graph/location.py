"""Locations: the places that hold stock."""

from collections.abc import Sequence
from typing import Any, Self, cast
from uuid import UUID

import strawberry

from commerce_graph.inventory import loaders, service
from commerce_graph.inventory.service import Place
from commerce_graph.kernel.address import PostalAddress, country_name, formatted
from commerce_graph.kernel.auth import OPEN, scopes
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import entities, field, object_type
from commerce_graph.kernel.pages import Connection, Edge, page_arguments
from commerce_graph.keys import LocationKey

READ_LOCATIONS = scopes("read_locations")


@object_type(access=OPEN)
class LocationAddress:
    """The postal address of a location."""

    stored: strawberry.Private[PostalAddress]

    @field
    def address1(self) -> str | None:
        """The street and number."""
        return self.stored.address1

    @field
    def address2(self) -> str | None:
        """The building, floor or the like."""
        return self.stored.address2

    @field
    def city(self) -> str | None:
        """The city, town or village."""
        return self.stored.city

    @field
    def country(self) -> str | None:
        """The English name of the country."""
        return country_name(self.stored.country_code) if self.stored.country_code else None

    @field
    def country_code(self) -> str | None:
        """The ISO 3166-1 code of the country."""
        return self.stored.country_code

    @field
    def formatted(self) -> list[str]:
        """The address in lines, as for a label."""
        return formatted(self.stored, with_name=False, with_company=True)

    @field
    def phone(self) -> str | None:
        """A phone number."""
        return self.stored.phone

    @field
    def province(self) -> str | None:
        """The province, state or region as it was given."""
        return self.stored.province_code

    @field
    def province_code(self) -> str | None:
        """The code of the province, state or region."""
        return self.stored.province_code

    @field
    def zip(self) -> str | None:
        """The postal code."""
        return self.stored.zip


@object_type(access=OPEN)
class Location(LocationKey):
    """A place that holds stock. Who reads orders or stock meets it there, and may read its name and address."""

    row: strawberry.Private[Place]

    @classmethod
    async def load_many(cls, ctx: Context, uuids: Sequence[UUID]) -> list[Self | None]:
        """Load locations, for those who read them, or stock or orders that name them."""
        if not any(ctx.principal.may(scopes(name)) for name in ("read_locations", "read_inventory", "read_orders")):
            return [None] * len(uuids)
        rows = await ctx.load_many(service.locations, uuids)
        return [row and cls(uuid=row.id, row=row) for row in rows]

    @field
    def name(self) -> str:
        """What it is called."""
        return self.row.name

    @field
    def address(self) -> LocationAddress:
        """Where it is."""
        return LocationAddress(stored=self.row.address)

    @field(access=READ_LOCATIONS)
    def is_active(self) -> bool:
        """Whether it sells and ships."""
        return self.row.active


@object_type(access=READ_LOCATIONS)
class LocationEdge(Edge[Location]):
    """A location and its cursor."""


@object_type(access=READ_LOCATIONS)
class LocationConnection(Connection[Location]):
    """A page of locations."""


@object_type(access=READ_LOCATIONS)
class LocationQuery:
    """What merchants ask of locations."""

    @field
    async def location(self, info: strawberry.Info, id: strawberry.ID | None = None) -> LocationKey | None:
        """A location by its id; without one, the one that ships first."""
        ctx: Context = info.context
        if id is not None:
            key: UUID | None = ctx.key_of(id, "Location")
        else:
            async with ctx.read() as conn:
                active = await service.active_locations(conn)
            key = active[0].id if active else None
        (found,) = await entities(ctx, LocationKey, [key])
        return cast(LocationKey | None, found)

    @field
    async def locations(
        self,
        info: strawberry.Info,
        first: int | None = None,
        last: int | None = None,
        after: str | None = None,
        before: str | None = None,
        reverse: bool | None = False,
        include_inactive: bool | None = False,
    ) -> LocationConnection:
        """Locations by name."""
        args = page_arguments(first, last, after, before, reverse)
        page = await info.context.load(loaders.location_page, True, args, bool(include_inactive))
        found: Any = page.connection(LocationConnection, LocationEdge, lambda row: Location(uuid=row.id, row=row))
        return cast(LocationConnection, found)
