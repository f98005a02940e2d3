// The shop as both peers read it: four prepared statements, each for a batch, over one pool.
import DataLoader from 'dataloader'
import pg from 'pg'

const { CHANNEL_ID, DATABASE_URL, POOL_SIZE, PUBLIC_URL } = process.env

pg.types.setTypeParser(pg.types.builtins.INT8, Number)
const pool = new pg.Pool({
  connectionString: DATABASE_URL,
  max: Number(POOL_SIZE),
  // The plans of these statements do not depend on their values: making them anew costs more than they do.
  options: '-c jit=off -c plan_cache_mode=force_generic_plan',
})

export const typeDefs = /* GraphQL */ `
  type Query { products(first: Int!): ProductConnection! }
  type ProductConnection { nodes: [Product!]! }
  type Product {
    id: ID!
    title: String!
    handle: String!
    description: String!
    featuredImage: Image
    priceRange: ProductPriceRange!
    collections(first: Int!): CollectionConnection!
    variants(first: Int!): ProductVariantConnection!
  }
  type Image { url: String! altText: String width: Int height: Int }
  type ProductPriceRange { minVariantPrice: MoneyV2! maxVariantPrice: MoneyV2! }
  type MoneyV2 { amount: String! currencyCode: String! }
  type CollectionConnection { nodes: [Collection!]! }
  type Collection { title: String! }
  type ProductVariantConnection { nodes: [ProductVariant!]! }
  type ProductVariant { id: ID! title: String! sku: String price: MoneyV2! availableForSale: Boolean! }
`

export const resolvers = {
  Query: { products: async (_, { first }) => ({ nodes: await products(first) }) },
  Product: {
    priceRange: (product, _, context) => context.priceRanges.load(product.key),
    collections: (product, { first }, context) => context.collections(first).load(product.key),
    variants: (product, { first }, context) => context.variants(first).load(product.key),
  },
}

// What one request loads: a batch for each field and its arguments.
export const loaders = () => ({
  priceRanges: new DataLoader(priceRanges),
  collections: ofArgument((keys, first) => connections(COLLECTIONS, [keys, first, CHANNEL_ID], toCollection)),
  variants: ofArgument((keys, first) => connections(VARIANTS, [keys, first], toVariant)),
})

function ofArgument(read) {
  const known = new Map()
  return (argument) => {
    let loader = known.get(argument)
    if (!loader) known.set(argument, (loader = new DataLoader((keys) => read(keys, argument))))
    return loader
  }
}

const PRODUCTS = {
  name: 'products',
  text: `
    SELECT product.id, product.title, product.handle, product.description, url, alt, width, height
    FROM catalog.product
    LEFT JOIN LATERAL (
      SELECT url, alt, width, height FROM catalog.media WHERE product_id = product.id ORDER BY position, id LIMIT 1
    ) picture ON true
    WHERE status = 'ACTIVE' AND EXISTS (
      SELECT FROM catalog.publication WHERE product_id = product.id AND channel_id = $1
    )
    ORDER BY product.id LIMIT $2`,
}

async function products(first) {
  const { rows } = await pool.query({ ...PRODUCTS, values: [CHANNEL_ID, first] })
  return rows.map((row) => ({
    key: row.id,
    id: `gid://shopify/Product/${row.id}`,
    title: row.title,
    handle: row.handle,
    description: row.description,
    featuredImage: row.url === null ? null : {
      url: row.url.startsWith('/') ? PUBLIC_URL + row.url : row.url,
      altText: row.alt,
      width: row.width,
      height: row.height,
    },
  }))
}

const PRICE_RANGES = {
  name: 'price ranges',
  text: `
    SELECT product_id, min_minor, max_minor, currency
    FROM pricing.market JOIN catalog.product_price ON market_id = market.id
    WHERE is_primary AND product_id = ANY ($1::uuid[])`,
}

async function priceRanges(keys) {
  const { rows } = await pool.query({ ...PRICE_RANGES, values: [keys] })
  const found = new Map()
  for (const { product_id, min_minor, max_minor, currency } of rows) {
    const [minVariantPrice, maxVariantPrice] = [money(min_minor, currency), money(max_minor, currency)]
    found.set(product_id, { minVariantPrice, maxVariantPrice })
  }
  return keys.map((key) => found.get(key))
}

const COLLECTIONS = {
  name: 'collections',
  text: `
    SELECT product_id, title
    FROM (
      SELECT product_id, collection.id, title, row_number() OVER (PARTITION BY product_id ORDER BY collection.id) AS place
      FROM catalog.collection_product
      JOIN catalog.collection ON collection.id = collection_product.collection_id
      JOIN catalog.collection_publication published ON published.collection_id = collection.id AND channel_id = $3
      WHERE product_id = ANY ($1::uuid[])
    ) chosen
    WHERE place <= $2
    ORDER BY product_id, id`,
}

const toCollection = ({ title }) => ({ title })

const VARIANTS = {
  name: 'variants',
  text: `
    SELECT chosen.product_id, chosen.id, title, sku, amount_minor, currency,
      amount_minor IS NOT NULL AND tracked IS NOT NULL AND (
        NOT tracked
        OR oversell AND backorder_limit IS NULL
        OR free + greatest(0, CASE WHEN oversell THEN backorder_limit ELSE 0 END - (free - available)) > 0
      ) AS for_sale
    FROM unnest($1::uuid[]) AS wanted (id)
    CROSS JOIN LATERAL (
      SELECT id, product_id, title, sku, position
      FROM catalog.variant WHERE product_id = wanted.id ORDER BY position, id LIMIT $2
    ) chosen
    JOIN pricing.market ON is_primary
    LEFT JOIN pricing.price ON variant_id = chosen.id AND market_id = market.id
    LEFT JOIN inventory.item ON item.id = chosen.id
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(here), 0) AS available, coalesce(sum(here) FILTER (WHERE here > 0), 0) AS free
      FROM inventory.level
      JOIN inventory.location ON location.id = location_id AND active
      CROSS JOIN LATERAL (SELECT on_hand - committed - safety) AS counted (here)
      WHERE item_id = chosen.id
    ) stock
    ORDER BY chosen.product_id, position, chosen.id`,
}

const toVariant = (row) => ({
  id: `gid://shopify/ProductVariant/${row.id}`,
  title: row.title,
  sku: row.sku,
  price: money(row.amount_minor, row.currency),
  availableForSale: row.for_sale,
})

async function connections(statement, values, toNode) {
  const { rows } = await pool.query({ ...statement, values })
  const found = new Map(values[0].map((key) => [key, { nodes: [] }]))
  for (const row of rows) found.get(row.product_id).nodes.push(toNode(row))
  return [...found.values()]
}

const places = new Map()

function money(minor, currencyCode) {
  if (minor === null) return null
  let digits = places.get(currencyCode)
  if (digits === undefined) {
    const format = new Intl.NumberFormat('en', { style: 'currency', currency: currencyCode })
    places.set(currencyCode, (digits = format.resolvedOptions().maximumFractionDigits))
  }
  return { amount: (minor / 10 ** digits).toFixed(digits), currencyCode }
}

// Ends the process in good order, as SIGTERM asks for.
export function stopWith(close) {
  process.once('SIGTERM', async () => {
    await close()
    await pool.end()
  })
}
