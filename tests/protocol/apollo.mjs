// What a storefront does with Apollo Client 4: persisted queries, subscriptions over HTTP, `@defer`.
// node apollo.mjs OPEN LOCKED GONE
// The servers: any document runs; published ones only; any document runs, and Redis does not answer.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, CombinedProtocolErrors, InMemoryCache, gql } from '@apollo/client';
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental';
import { HttpLink } from '@apollo/client/link/http';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';

const [open, locked, gone] = process.argv.slice(2);
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const fresh = (kind = 'query', fields = 'hello') => gql(`${kind} Fresh_${randomUUID().replaceAll('-', '')} { ${fields} }`);

/** Return a client of a server, and what it has sent: `GET hash`, `POST text`, with the status that came back. */
function client(uri, options = {}) {
  const sent = [];
  const fetching = async (address, request) => {
    const asked = request.method === 'GET' ? new URL(address).searchParams.has('query') : 'query' in JSON.parse(request.body);
    const response = await fetch(address, request);
    sent.push(`${request.method} ${asked ? 'text' : 'hash'} ${response.status}`);
    return response;
  };
  const link = ApolloLink.from([
    new PersistedQueryLink({ sha256, useGETForHashedQueries: true, ...options }),
    new HttpLink({ uri, fetch: fetching }),
  ]);
  const made = new ApolloClient({ link, cache: new InMemoryCache() });
  const ask = async (query) => (await made.query({ query, fetchPolicy: 'no-cache' })).data.hello;
  return { ask, sent, mutate: (mutation) => made.mutate({ mutation, fetchPolicy: 'no-cache' }) };
}

test('the first client registers, from then on every client sends the hash alone', async () => {
  const query = fresh();
  const first = client(open);
  assert.equal(await first.ask(query), 'hello world');
  assert.deepEqual(first.sent, ['GET hash 200', 'POST text 200']);
  const second = client(open);
  assert.equal(await second.ask(query), 'hello world');
  assert.deepEqual(second.sent, ['GET hash 200']);
});

test('by POST alone', async () => {
  const query = fresh();
  const { ask, sent } = client(open, { useGETForHashedQueries: false });
  for (const _ of [1, 2]) assert.equal(await ask(query), 'hello world');
  assert.deepEqual(sent, ['POST hash 200', 'POST text 200', 'POST hash 200']);
});

test('mutations go by POST, hashed as well', async () => {
  const mutation = fresh('mutation', '__typename');
  const { mutate, sent } = client(open);
  for (const _ of [1, 2]) assert.deepEqual((await mutate(mutation)).data, { __typename: 'Mutation' });
  assert.deepEqual(sent, ['POST hash 200', 'POST text 200', 'POST hash 200']);
});

test('a hash that is not the one of the text is an error that says so', async () => {
  const { ask } = client(open, { sha256: () => sha256(randomUUID()) });
  await assert.rejects(ask(fresh()), (wrong) => {
    assert.ok(CombinedGraphQLErrors.is(wrong), wrong);
    return wrong.errors[0].extensions.code === 'PERSISTED_QUERY_HASH_MISMATCH';
  });
});

test('a locked server runs what was published, and tells about what was not', async () => {
  const { ask, sent } = client(locked);
  assert.equal(await ask(gql`query Published { hello }`), 'hello world');
  assert.deepEqual(sent, ['GET hash 200']);
  const told = (wrong) => wrong.errors[0].extensions.code === 'PERSISTED_DOCUMENT_REQUIRED';
  await assert.rejects(ask(fresh()), told);
  assert.equal(await ask(gql`query Published { hello }`), 'hello world', 'it still sends hashes');
});

test('the ids of its manifest are found', async () => {
  const { ask, sent } = client(locked, { sha256: undefined, generateHash: () => 'x-shop:hello' });
  assert.equal(await ask(gql`query Published { hello }`), 'hello world');
  assert.deepEqual(sent, ['GET hash 200']);
});

test('without Redis it sends the text and is served', async () => {
  const query = fresh();
  const { ask, sent } = client(gone);
  assert.equal(await ask(query), 'hello world');
  assert.deepEqual(sent, ['GET hash 503', 'POST text 200']);
});

/** Subscribe over HTTP with multipart responses; return what came, and the error that ended it. */
function subscribed(query, options = {}) {
  const made = new ApolloClient({ link: new HttpLink({ uri: open, ...options }), cache: new InMemoryCache() });
  const seen = [];
  return new Promise((resolve) => {
    made.subscribe({ query: gql(query) }).subscribe({
      next: (result) => seen.push(result.error ?? result.data),
      error: (error) => resolve([...seen, error]),
      complete: () => resolve(seen),
    });
  });
}

test('a subscription over HTTP, by POST and by GET', async () => {
  for (const useGETForQueries of [false, true]) {
    const seen = await subscribed('subscription { count(to: 3, delayMs: 5) }', { useGETForQueries });
    assert.deepEqual(seen, [{ count: 0 }, { count: 1 }, { count: 2 }]);
  }
});

test('a subscription that breaks tells an error of the protocol, one that does not begin errors of GraphQL', async () => {
  const [first, broken] = await subscribed('subscription { fails }');
  assert.deepEqual(first, { fails: 1 });
  assert.ok(CombinedProtocolErrors.is(broken), broken);
  assert.equal(broken.errors[0].extensions.code, 'INTERNAL');
  const [refused] = await subscribed('subscription { nothing }');
  assert.equal((refused.errors ?? refused.cause?.errors ?? [JSON.parse(refused.bodyText).errors[0]])[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
});

/** Watch a query until nothing more comes; return each state of its data. */
function watched(incrementalHandler, query) {
  const sent = [];
  const fetching = (address, request) => {
    sent.push(request.headers.accept.split(',')[0]);
    return fetch(address, request);
  };
  const link = new HttpLink({ uri: open, fetch: fetching });
  const made = new ApolloClient({ link, cache: new InMemoryCache(), incrementalHandler });
  const seen = [];
  return new Promise((resolve, reject) => {
    made.watchQuery({ query: gql(query), errorPolicy: 'all' }).subscribe({
      next: ({ data: given, dataState, error }) => {
        const { __typename, ...data } = given ?? {}; // Apollo Client asks for it in every fragment
        if (given) seen.push(error ? { data, errors: error.errors.map((each) => each.path) } : { data });
        if (dataState === 'complete' || error) resolve({ seen, accept: sent[0] });
      },
      error: reject,
    });
  });
}

for (const [name, handler, accept] of [
  ['current', GraphQL17Alpha9Handler, 'multipart/mixed;incrementalSpec=v0.2'],
  ['older', Defer20220824Handler, 'multipart/mixed;deferSpec=20220824'],
]) {
  test(`a deferred fragment comes later, in the ${name} format`, async () => {
    const told = await watched(new handler(), '{ hello ...Late @defer } fragment Late on Query { later }');
    assert.deepEqual(told.seen, [{ data: { hello: 'hello world' } }, { data: { hello: 'hello world', later: 'later' } }]);
    assert.equal(told.accept, accept);
  });

  test(`an error in a deferred fragment is told, in the ${name} format`, async () => {
    const told = await watched(new handler(), '{ hello ... @defer { later fault } }');
    assert.deepEqual(told.seen.at(-1), { data: { hello: 'hello world', later: 'later', fault: null }, errors: [['fault']] });
  });
}
