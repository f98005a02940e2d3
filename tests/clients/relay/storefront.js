// What a storefront built with Relay asks: connections that go on, fragments that are fetched again, and a mutation.
import { graphql } from 'relay-runtime';

export const Card = graphql`
  fragment storefrontCard_product on Product {
    id
    title
    featuredImage { url altText }
    priceRange { minVariantPrice { amount currencyCode } }
  }
`;

export const List = graphql`
  fragment storefrontList_query on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "storefrontListNextQuery") {
    products(first: $count, after: $cursor) @connection(key: "storefrontList_products") {
      edges { node { ...storefrontCard_product } }
    }
  }
`;

export const Home = graphql`
  query storefrontHomeQuery($country: CountryCode) @inContext(country: $country) {
    shop { name }
    ...storefrontList_query
  }
`;

// Of a thing that is a Node, and so is fetched again by its id.
export const Variants = graphql`
  fragment storefrontVariants_product on Product
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" })
  @refetchable(queryName: "storefrontVariantsNextQuery") {
    variants(first: $count, after: $cursor) @connection(key: "storefrontVariants_variants") {
      edges { node { id title availableForSale price { amount currencyCode } } }
    }
  }
`;

export const Product = graphql`
  query storefrontProductQuery($handle: String!) {
    product(handle: $handle) {
      ...storefrontCard_product
      ...storefrontVariants_product
    }
  }
`;

export const Found = graphql`
  query storefrontFoundQuery($id: ID!, $terms: String!) {
    node(id: $id) {
      __typename
      ... on Product { ...storefrontCard_product @alias(as: "card") }
      ... on Collection { title }
    }
    search(query: $terms, first: 5) {
      nodes {
        __typename
        ... on Product { ...storefrontCard_product @alias(as: "card") }
        ... on Page { title }
        ... on Article { title }
      }
    }
  }
`;

export const AddLines = graphql`
  mutation storefrontAddLinesMutation($cartId: ID!, $lines: [CartLineInput!]!) {
    cartLinesAdd(cartId: $cartId, lines: $lines) {
      cart {
        id
        totalQuantity
        lines(first: 50) { edges { node { id quantity merchandise { ... on ProductVariant { id title } } } } }
      }
      userErrors { code field message }
    }
  }
`;

export const Watch = graphql`
  subscription storefrontWatchSubscription {
    orderUpdated { __typename }
  }
`;
