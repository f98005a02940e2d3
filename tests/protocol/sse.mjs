// GraphQL over server-sent events, distinct connections, with the client of `graphql-sse` and without: node sse.mjs URL
import assert from 'node:assert/strict';
import { createClient } from 'graphql-sse';
import { check, done } from './tally.mjs';

const url = process.argv[2];
const ENDLESS = { query: 'subscription { count(to: 100000, delayMs: 5) }' };
const COUNT = { query: 'subscription { count(to: 3) }' };

const open = (options = {}) => createClient({ url, retryAttempts: 0, ...options });
const all = async (client, payload) => {
  const answers = [];
  for await (const answer of client.iterate(payload)) answers.push(answer);
  return answers;
};
const post = (body, headers = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: JSON.stringify(body),
  });
const get = (query, headers = {}) => fetch(`${url}?query=${encodeURIComponent(query)}`, { headers: { accept: 'text/event-stream', ...headers } });

/** Read a stream by the rules of the HTML standard: what a browser would dispatch, until the stream ends. */
async function events(response) {
  const found = [];
  let name = '';
  let data = [];
  for (const line of (await response.text()).split(/\r\n|\r|\n/)) {
    if (line === '') {
      if (data.length) found.push({ name: name || 'message', data: data.join('\n') });
      [name, data] = ['', []];
    } else if (!line.startsWith(':')) {
      const [field, value = ''] = line.split(/:(.*)/s);
      if (field === 'event') name = value.replace(/^ /, '');
      if (field === 'data') data.push(value.replace(/^ /, ''));
    }
  }
  return found;
}

await check('MUST', 'a query, a query with variables and a mutation are one event each', async () => {
  const client = open();
  assert.deepEqual(await all(client, { query: '{ hello }' }), [{ data: { hello: 'hello world' } }]);
  const named = { query: 'query Hi($name: String!) { hello(name: $name) }', variables: { name: 'Ada' } };
  assert.deepEqual(await all(client, named), [{ data: { hello: 'hello Ada' } }]);
  assert.deepEqual(await all(client, { query: 'mutation { __typename }' }), [{ data: { __typename: 'Mutation' } }]);
});
await check('MUST', 'a subscription is an event for each answer, then complete', async () => {
  assert.deepEqual((await all(open(), COUNT)).map((answer) => answer.data.count), [0, 1, 2]);
});
await check('MUST', 'ten streams run side by side', async () => {
  const found = await Promise.all(Array.from({ length: 10 }, () => all(open(), COUNT)));
  assert.ok(found.every((answers) => answers.length === 3));
});
await check('MUST', 'leaving an iteration ends the stream', async () => {
  for await (const answer of open().iterate(ENDLESS)) if (answer.data.count === 2) break;
});
await check('MUST', 'silence on the stream is no end of it', async () => {
  assert.deepEqual((await all(open(), { query: 'subscription { count(to: 2, delayMs: 400) }' })).length, 2);
});
await check('MUST', 'a token in a header is known', async () => {
  assert.deepEqual(await all(open({ headers: { authorization: 'Bearer good' } }), { query: '{ listed }' }), [{ data: { listed: 'a thing' } }]);
});
await check('MUST', 'the content type is text/event-stream, the status 200', async () => {
  const response = await post(COUNT);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type'), /^text\/event-stream\b/);
  await response.body.cancel();
});
await check('MUST', 'events are named next and complete, and end with the stream', async () => {
  const found = await events(await post(COUNT));
  assert.deepEqual(found.map((each) => each.name), ['next', 'next', 'next', 'complete']);
  assert.deepEqual(JSON.parse(found[0].data), { data: { count: 0 } });
});
await check('MUST', 'GET streams as well, as EventSource of browsers asks', async () => {
  assert.equal((await events(await get(COUNT.query))).length, 4);
});
for (const [what, query] of Object.entries({ 'a document that is not valid': '{ nothing }', 'a syntax error': '{', 'a missing scope': '{ listed }' })) {
  await check('MUST', `${what} is told by next with errors, then complete`, async () => {
    const response = await post({ query });
    assert.equal(response.status, 200);
    const [next, complete] = await events(response);
    assert.deepEqual([next.name, complete.name], ['next', 'complete']);
    assert.ok(JSON.parse(next.data).errors.length);
  });
}
await check('MUST', 'a source that breaks ends with errors, then complete', async () => {
  const found = await events(await post({ query: 'subscription { fails }' }));
  assert.ok(JSON.parse(found.at(-2).data).errors.length);
  assert.equal(found.at(-1).name, 'complete');
});
await check('MUST', 'no mutation runs by GET', async () => {
  assert.equal((await get('mutation { __typename }')).status, 405);
});
await check('SHOULD', 'an unknown token is refused before the stream', async () => {
  await assert.rejects(all(open({ headers: { authorization: 'Bearer bad' } }), COUNT), /401|Unauthorized/);
});
await check('SHOULD', 'whoever accepts JSON alone is refused a stream', async () => {
  assert.equal((await post(COUNT, { accept: 'application/json' })).status, 400);
});
await check('SHOULD', 'nothing on the way keeps or holds back the stream', async () => {
  const response = await post(COUNT);
  assert.match(response.headers.get('cache-control'), /no-store|no-cache/);
  assert.equal(response.headers.get('x-accel-buffering'), 'no');
  await response.body.cancel();
});
done('graphql-sse');
