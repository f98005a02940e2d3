// graphql-transport-ws, requirement by requirement, with the client of `graphql-ws` and without: node websocket.mjs URL
// Each message of the server is read by the validation of `graphql-ws`.
import assert from 'node:assert/strict';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, createClient, validateMessage } from 'graphql-ws';
import WebSocket from 'ws';
import { check, done } from './tally.mjs';

const url = process.argv[2];
const HELLO = { query: '{ hello }' };
const ENDLESS = { query: 'subscription { count(to: 100000, delayMs: 5) }' };

const open = (options = {}) => createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, ...options });
const all = async (client, payload) => {
  const answers = [];
  for await (const answer of client.iterate(payload)) answers.push(answer);
  return answers;
};

/** Open a socket without a client: what it hears, one by one, and how it was closed. */
async function socket({ ready = true, protocol = GRAPHQL_TRANSPORT_WS_PROTOCOL, ...options } = {}) {
  const ws = new WebSocket(url, protocol, options);
  const heard = [];
  const waiting = [];
  const closed = new Promise((resolve) => ws.on('close', (code, reason) => resolve({ code, reason: String(reason) })));
  ws.on('message', (data) => {
    const message = validateMessage(JSON.parse(String(data)));
    if (waiting.length) waiting.shift()(message);
    else heard.push(message);
  });
  await new Promise((resolve, reject) => {
    ws.on('open', resolve);
    ws.on('error', reject);
  });
  const hear = () => (heard.length ? Promise.resolve(heard.shift()) : new Promise((resolve) => waiting.push(resolve)));
  const send = (message) => ws.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  const subscribe = (payload, id = '1') => send({ type: 'subscribe', id, payload });
  /** Everything that was said before has been answered once the pong is here. Returns what came in between. */
  const settle = async () => {
    send({ type: 'ping' });
    const between = [];
    for (;;) {
      const message = await hear();
      if (message.type === 'pong') return between;
      between.push(message);
    }
  };
  if (ready) {
    send({ type: 'connection_init' });
    assert.equal((await hear()).type, 'connection_ack');
  }
  return { ws, send, hear, subscribe, settle, closed, leave: () => ws.close() };
}
const closes = async (opened, code) => assert.equal((await opened.closed).code, code);

await check('MUST', 'a query, a mutation and a subscription run on one socket', async () => {
  const client = open({ lazy: false });
  const [hello, typename, counted] = await Promise.all([
    all(client, { query: 'query Hi($name: String!) { hello(name: $name) }', variables: { name: 'Ada' } }),
    all(client, { query: 'mutation { __typename }' }),
    all(client, { query: 'subscription { count(to: 3) }' }),
  ]);
  assert.deepEqual(hello, [{ data: { hello: 'hello Ada' } }]);
  assert.deepEqual(typename, [{ data: { __typename: 'Mutation' } }]);
  assert.deepEqual(counted.map((answer) => answer.data.count), [0, 1, 2]);
  await client.dispose();
});
await check('MUST', 'twenty subscriptions run side by side', async () => {
  const client = open();
  const found = await Promise.all(Array.from({ length: 20 }, () => all(client, { query: 'subscription { count(to: 5, delayMs: 1) }' })));
  assert.ok(found.every((answers) => answers.length === 5));
  await client.dispose();
});
await check('MUST', 'leaving an iteration ends the subscription', async () => {
  const client = open();
  for await (const answer of client.iterate(ENDLESS)) if (answer.data.count === 2) break;
  await client.dispose();
});
await check('MUST', 'the token travels in the connection parameters, under the name of the header', async () => {
  const client = open({ connectionParams: { Authorization: 'Bearer good' } });
  assert.deepEqual(await all(client, { query: '{ listed }' }), [{ data: { listed: 'a thing' } }]);
  await client.dispose();
  const stranger = open();
  await assert.rejects(all(stranger, { query: '{ listed }' }), (errors) => errors[0].extensions.code === 'ACCESS_DENIED');
  await stranger.dispose();
});
await check('SHOULD', 'a wrong token closes with 4403 and says why', async () => {
  const client = open({ connectionParams: { authorization: 'Bearer bad' } });
  await assert.rejects(all(client, HELLO), (closed) => closed.code === 4403 && /unknown or was revoked/.test(closed.reason));
  await client.dispose();
});
await check('MUST', 'pings of the client are answered, before and after connection_init', async () => {
  const early = await socket({ ready: false });
  await early.settle();
  early.leave();
  let pongs = 0;
  let client;
  await new Promise((resolve, reject) => {
    const pong = (received) => received && ++pongs === 3 && resolve();
    client = open({ lazy: false, keepAlive: 20, on: { pong }, onNonLazyError: reject });
  });
  await client.dispose();
});
await check('SHOULD', 'the payload of a ping comes back with the pong', async () => {
  const opened = await socket();
  opened.send({ type: 'ping', payload: { x: 1 } });
  assert.deepEqual(await opened.hear(), { type: 'pong', payload: { x: 1 } });
  opened.leave();
});
await check('SHOULD', 'a silent client is pinged, and one that answers stays', async () => {
  let pings = 0;
  let client;
  await new Promise((resolve, reject) => {
    client = open({ lazy: false, on: { ping: (received) => received && ++pings === 3 && resolve(), closed: reject } });
  });
  assert.deepEqual(await all(client, HELLO), [{ data: { hello: 'hello world' } }]);
  await client.dispose();
});
await check('SHOULD', 'a client that answers no ping is closed with 4499', async () => {
  const opened = await socket();
  await closes(opened, CloseCode.Terminated ?? 4499);
});
await check('MUST', 'the subprotocol is selected', async () => {
  const opened = await socket();
  assert.equal(opened.ws.protocol, GRAPHQL_TRANSPORT_WS_PROTOCOL);
  opened.leave();
});
await check('MUST', 'another subprotocol closes with 4406', async () => {
  await assert.rejects(socket({ ready: false, protocol: 'graphql-ws' }));
  const bare = new WebSocket(url);
  assert.equal(await new Promise((resolve) => bare.on('close', resolve)), CloseCode.SubprotocolNotAcceptable);
});
await check('MUST', 'connection_init may have a payload, and null for one', async () => {
  for (const payload of [{ a: 1 }, null]) {
    const opened = await socket({ ready: false });
    opened.send({ type: 'connection_init', payload });
    assert.equal((await opened.hear()).type, 'connection_ack');
    opened.leave();
  }
});
await check('MUST', 'subscribe before the acknowledgement closes with 4401', async () => {
  const opened = await socket({ ready: false });
  opened.subscribe(HELLO);
  await closes(opened, CloseCode.Unauthorized);
});
await check('SHOULD', 'no connection_init closes with 4408', async () => {
  await closes(await socket({ ready: false }), CloseCode.ConnectionInitialisationTimeout);
});
await check('MUST', 'a second connection_init closes with 4429', async () => {
  const opened = await socket();
  opened.send({ type: 'connection_init' });
  await closes(opened, CloseCode.TooManyInitialisationRequests);
});
await check('MUST', 'an id in use closes with 4409', async () => {
  const opened = await socket();
  for (const _ of [1, 2]) opened.subscribe(ENDLESS);
  await closes(opened, CloseCode.SubscriberAlreadyExists);
});
await check('MUST', 'an id can be used again after complete', async () => {
  const opened = await socket();
  for (const _ of [1, 2]) {
    opened.subscribe(HELLO);
    assert.deepEqual([(await opened.hear()).type, (await opened.hear()).type], ['next', 'complete']);
  }
  opened.leave();
});
await check('MUST', 'complete of the client ends the stream: nothing follows, no complete is echoed, the id is free', async () => {
  const opened = await socket();
  opened.subscribe(ENDLESS);
  await opened.hear();
  opened.send({ type: 'complete', id: '1' });
  assert.ok((await opened.settle()).every((message) => message.type === 'next'));
  assert.deepEqual(await opened.settle(), []);
  opened.subscribe(HELLO);
  assert.equal((await opened.hear()).type, 'next');
  opened.leave();
});
await check('MUST', 'complete of an unknown id and an unasked pong are ignored', async () => {
  const opened = await socket();
  opened.send({ type: 'complete', id: 'unknown' });
  opened.send({ type: 'pong' });
  assert.deepEqual(await opened.settle(), []);
  opened.leave();
});
const malformed = {
  'no JSON': '{not json', 'an array': '[]', 'a string': '"hello"', null: 'null', 'a number': '42', 'no type': '{}',
  'an unknown type': '{"type":"hello"}', 'a type that is no string': '{"type":{"a":1}}', 'a binary frame': Buffer.from([1, 2, 3]),
  'JSON that is nested too deeply': '['.repeat(100_000), 'a payload of connection_init that is no object': '{"type":"connection_init","payload":1}',
  'a subscribe without an id': { type: 'subscribe', payload: HELLO }, 'an id that is an object': { type: 'subscribe', id: {}, payload: HELLO },
  'an id that is a number': { type: 'subscribe', id: 7, payload: HELLO }, 'an empty id': { type: 'subscribe', id: '', payload: HELLO },
  'a subscribe without a payload': { type: 'subscribe', id: '1' }, 'a payload that is a string': { type: 'subscribe', id: '1', payload: 'x' },
  'a payload without a query': { type: 'subscribe', id: '1', payload: {} },
  'a query that is a number': { type: 'subscribe', id: '1', payload: { query: 1 } },
  'variables that are a string': { type: 'subscribe', id: '1', payload: { ...HELLO, variables: 'x' } },
  'an operationName that is a number': { type: 'subscribe', id: '1', payload: { ...HELLO, operationName: 3 } },
  'extensions that are a string': { type: 'subscribe', id: '1', payload: { ...HELLO, extensions: 'x' } },
};
for (const [what, message] of Object.entries(malformed)) {
  await check('MUST', `${what} closes with 4400, and the server goes on`, async () => {
    const opened = await socket();
    opened.send(message);
    await closes(opened, CloseCode.BadRequest);
    (await socket()).leave();
  });
}
await check('MUST', 'extensions are honoured: a document is found by its hash', async () => {
  const opened = await socket();
  const persistedQuery = { version: 1, sha256Hash: '0'.repeat(64) };
  opened.subscribe({ extensions: { persistedQuery } });
  const told = await opened.hear();
  assert.deepEqual([told.type, told.payload[0].extensions.code], ['error', 'PERSISTED_QUERY_NOT_FOUND']);
  opened.leave();
});
for (const [what, payload] of Object.entries({
  'a document that is not valid': { query: '{ nothing }' },
  'a syntax error': { query: '{' },
  'an unknown operation name': { query: 'query A { hello } query B { hello }', operationName: 'C' },
  'a variable that is missing': { query: 'subscription A($n: Int!) { count(to: $n) }' },
})) {
  await check('MUST', `${what} is one error, no complete, and other operations go on`, async () => {
    const opened = await socket();
    opened.subscribe(ENDLESS, 'stream');
    await opened.hear();
    opened.subscribe(payload, 'wrong');
    let told;
    do told = await opened.hear();
    while (told.id === 'stream');
    assert.deepEqual([told.type, told.id], ['error', 'wrong']);
    assert.ok((await opened.settle()).every((message) => message.id === 'stream'));
    opened.subscribe({ query: '{ hello }' }, 'wrong');
    do told = await opened.hear();
    while (told.id === 'stream');
    assert.equal(told.type, 'next');
    opened.leave();
  });
}
await check('MUST', 'an event source that breaks ends its operation with an error', async () => {
  const opened = await socket();
  opened.subscribe({ query: 'subscription { fails }' });
  assert.deepEqual([(await opened.hear()).type, (await opened.hear()).type], ['next', 'error']);
  assert.deepEqual(await opened.settle(), []);
  opened.leave();
});
await check('MUST', 'sockets that are dropped with hundreds of operations leave a server that answers', async () => {
  for (let round = 0; round < 5; round += 1) {
    const opened = await socket();
    for (let id = 0; id < 50; id += 1) opened.subscribe(ENDLESS, `${id}`);
    await opened.hear();
    opened.ws.terminate();
  }
  const client = open();
  assert.equal((await all(client, HELLO)).length, 1);
  await client.dispose();
});
await check('SHOULD', 'the page of another site opens no socket', async () => {
  await assert.rejects(socket({ ready: false, origin: 'https://evil.example' }), /403/);
});
done('graphql-transport-ws');
