// graphql-yoga on Node's own HTTP server, with graphql-jit: `PORT=4000 node yoga.mjs`.
import { createServer } from 'node:http'
import { useGraphQlJit } from '@envelop/graphql-jit'
import { createSchema, createYoga } from 'graphql-yoga'
import { loaders, resolvers, stopWith, typeDefs } from './shop.mjs'

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  context: loaders,
  plugins: [useGraphQlJit({ customJSONSerializer: true, disableLeafSerialization: true })],
  healthCheckEndpoint: '/readyz',
  graphiql: false,
  landingPage: false,
  cors: false,
  multipart: false,
  logging: 'error',
})
const server = createServer(yoga)
server.keepAliveTimeout = 75_000
server.listen(Number(process.env.PORT), '127.0.0.1')
stopWith(() => {
  server.close()
  server.closeAllConnections()
})
