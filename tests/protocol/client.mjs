// What a storefront does with the client of `graphql-ws`: node client.mjs URL
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const url = process.argv[2];
const open = (options = {}) => createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, ...options });
const all = async (client, query, variables) => {
  const answers = [];
  for await (const answer of client.iterate({ query, variables })) answers.push(answer);
  return answers;
};

test('a query, a mutation and a subscription on one socket', async () => {
  const client = open({ lazy: false });
  const [hello, typename, counted] = await Promise.all([
    all(client, 'query Hi($name: String!) { hello(name: $name) }', { name: 'Ada' }),
    all(client, 'mutation { __typename }'),
    all(client, 'subscription { count(to: 3) }'),
  ]);
  assert.deepEqual(hello, [{ data: { hello: 'hello Ada' } }]);
  assert.deepEqual(typename, [{ data: { __typename: 'Mutation' } }]);
  assert.deepEqual(counted.map((answer) => answer.data.count), [0, 1, 2]);
  await client.dispose();
});

test('leaving a subscription early ends it', async () => {
  const client = open();
  for await (const answer of client.iterate({ query: 'subscription { count(to: 100000, delayMs: 5) }' })) {
    if (answer.data.count === 2) break;
  }
  await client.dispose();
});

test('the token travels in the connection parameters, under the name of the header', async () => {
  const client = open({ connectionParams: { Authorization: 'Bearer good' } });
  assert.deepEqual(await all(client, '{ listed }'), [{ data: { listed: 'a thing' } }]);
  await client.dispose();
  const stranger = open();
  await assert.rejects(all(stranger, '{ listed }'), (errors) => errors[0].extensions.code === 'ACCESS_DENIED');
  await stranger.dispose();
});

test('a wrong token closes the socket and says why', async () => {
  const client = open({ connectionParams: { authorization: 'Bearer bad' } });
  await assert.rejects(all(client, '{ hello }'), (closed) => closed.code === 4403 && /unknown or was revoked/.test(closed.reason));
  await client.dispose();
});

test('pings are answered', async () => {
  let pongs = 0;
  let client;
  await new Promise((resolve, reject) => {
    const pong = (received) => received && ++pongs === 3 && resolve();
    client = open({ lazy: false, keepAlive: 20, on: { pong }, onNonLazyError: reject });
  });
  await client.dispose();
});
