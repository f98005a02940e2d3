// Composes subgraphs with Apollo's own composer and prints the API schema that a router would serve, sorted.
// Input on stdin: {"name": "SDL", …}. Exit code 1 with the composer's words where the subgraphs do not compose.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { composeServices } = require('@apollo/composition');
const { Supergraph } = require('@apollo/federation-internals');
const { lexicographicSortSchema, parse, printSchema } = require('graphql');

const subgraphs = Object.entries(JSON.parse(readFileSync(0, 'utf8')));
const { errors, supergraphSdl } = composeServices(
  subgraphs.map(([name, sdl]) => ({ name, url: `http://${name}.invalid/graphql`, typeDefs: parse(sdl) })),
);
if (errors?.length) {
  console.error(errors.map((error) => error.message).join('\n'));
  process.exit(1);
}
const api = Supergraph.build(supergraphSdl).apiSchema().toGraphQLJSSchema();
console.log(printSchema(lexicographicSortSchema(api)));
