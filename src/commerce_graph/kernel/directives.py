"""What an operation says of itself: the market and language of its answer, and what may come later."""

import strawberry
from graphql import GraphQLDeferDirective, GraphQLDirective, GraphQLSchema
from strawberry.directive import DirectiveLocation

from commerce_graph.kernel.codes import CountryCode, LanguageCode


@strawberry.input(
    description="What a visitor agreed to. Storefronts send it along; nobody is tracked here, so it changes nothing."
)
class VisitorConsent:
    """Shopify's VisitorConsent."""

    analytics: bool | None = None
    marketing: bool | None = None
    preferences: bool | None = None
    sale_of_data: bool | None = None


@strawberry.directive(
    locations=[DirectiveLocation.QUERY, DirectiveLocation.MUTATION],
    name="inContext",
    description="Select the market by country and the language of the answer.",
)
def in_context(
    country: CountryCode | None = None,
    language: LanguageCode | None = None,
    visitor_consent: VisitorConsent | None = None,
) -> None:
    """Only declares the directive; kernel/execution.py reads it before anything runs."""


DEFER = GraphQLDirective(
    GraphQLDeferDirective.name,
    GraphQLDeferDirective.locations,
    GraphQLDeferDirective.args,
    description="Let a fragment come later, for clients that say in `Accept` how they read it; others get it at once.",
)


def deferring(schema: GraphQLSchema) -> GraphQLSchema:
    """Return a schema with `@defer`, to hold documents against: graphql-core's `execute` takes none that has it."""
    config = schema.to_kwargs()
    config["directives"] = (*schema.directives, DEFER)
    return GraphQLSchema(**config)
