"""What products and collections have in common: each has a page of its own in a storefront."""

from collections.abc import Sequence
from datetime import datetime

from commerce_graph.kernel.auth import LISTINGS
from commerce_graph.kernel.context import Context
from commerce_graph.kernel.graph import batch_field, field, object_type
from commerce_graph.kernel.hints import CATALOGUE
from commerce_graph.kernel.projection import Projected, column
from commerce_graph.kernel.texts import shortened
from commerce_graph.kernel.values import HTML, URL
from commerce_graph.vocabulary import SEO


@object_type(access=LISTINGS, cache=CATALOGUE)
class Presented(Projected):
    """What a page of a storefront is made of. No type of the schema: products and collections are."""

    title: str = column("The name that shoppers read.")
    handle: str = column("The name in addresses: unique, of letters, digits and hyphens.")
    description_html: HTML = column("The description, as HTML.")
    updated_at: datetime = column("When it last changed.")

    @batch_field(reads=("description",))
    def description(parents: Sequence["Presented"], ctx: Context, truncate_at: int | None = None) -> list[str]:
        """The description without markup, cut to `truncateAt` characters."""
        whole = [parent.row.description for parent in parents]
        return whole if truncate_at is None else [shortened(each, truncate_at) for each in whole]

    @field(reads=("seo_title", "seo_description"))
    def seo(self) -> SEO:
        """What search engines are told of it."""
        return SEO(title=self.row.seo_title, description=self.row.seo_description)

    @field(reads=())
    def online_store_url(self) -> URL | None:
        """Its page in a storefront that this server renders; there is none."""
        return None

    @field(reads=())
    def tracking_parameters(self) -> str | None:
        """Parameters to add to links to it, for attribution."""
        return None
