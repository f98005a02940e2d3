// mercurius on fastify, with graphql-jit: `PORT=4000 node mercurius.mjs`.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { loaders, resolvers, stopWith, typeDefs } from './shop.mjs'

const app = Fastify({ keepAliveTimeout: 75_000, forceCloseConnections: true })
app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  context: loaders,
  jit: 1,
  compilerOptions: { disableLeafSerialization: true },
  graphiql: false,
})
app.get('/readyz', async () => 'ok\n')
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
stopWith(() => app.close())
