// An API answers 401: the token is replaced, and the request is sent once more if that is possible.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openProxy } from "./harness/proxy_world.mjs";
import { until } from "./harness/until.mjs";

const KIB = 1024;
/** `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}` */
const CLAIMS = { access_token: { nbf: { essential: true, value: "1604106651" } } };
const CHALLENGE = `Bearer realm="", error="insufficient_claims", claims="${Buffer.from(JSON.stringify(CLAIMS)).toString("base64")}"`;

let proxy;
before(async () => (proxy = await openProxy()));
after(() => proxy?.close());

/** The API rejects the first `count` tokens. It answers with the bodies that came. */
function rejecting(path, count = 1, challenge = 'Bearer error="invalid_token"') {
  const bodies = [];
  const rejected = new Set();
  proxy.on(path, async (call) => {
    bodies.push((await call.body()).toString());
    if (rejected.size < count) rejected.add(call.token);
    if (!rejected.has(call.token)) return call.response.end("welcome");
    return call.response.writeHead(401, { "WWW-Authenticate": challenge }).end("who are you?");
  });
  return bodies;
}

for (const [what, init, sent] of [
  ["without a body", {}, ""],
  ["with a small body", { method: "POST", body: "hello" }, "hello"],
  ["with a body of 64 KiB", { method: "PUT", body: "x".repeat(64 * KIB) }, "x".repeat(64 * KIB)],
  [
    "with a small body of unknown length",
    { method: "PATCH", body: "hello", headers: { "Transfer-Encoding": "chunked" } },
    "hello",
  ],
]) {
  test(`a request ${what} is sent once more, with another token`, async () => {
    const { name, scope } = proxy.newApi();
    const path = `/${name}`;
    const bodies = rejecting(path);
    const headers = {
      ...(init.body && !init.headers && { "Content-Length": String(init.body.length) }),
      ...init.headers,
    };
    const reply = await proxy.send(path, { name, ...init, headers });
    assert.deepEqual([reply.status, reply.body.toString()], [200, "welcome"]);
    assert.deepEqual(bodies, [sent, sent]);
    const [first, second] = proxy.callsAt(path);
    assert.notEqual(first.token, second.token);
    assert.equal(second.method, first.method);
    // By then its length is known, also where the caller has not declared it.
    if (sent) assert.equal(second.headers["content-length"], String(sent.length));
    const line = await proxy.logOf(reply);
    assert.deepEqual([line.repeated, line.renewal, line.request_bytes], [true, "revoked", sent.length]);
    // From now on everybody has the new token.
    await proxy.send(path, { name });
    assert.equal(proxy.callsAt(path)[2].token, second.token);
    assert.equal(proxy.world.upstreamFor(scope).length, 2);
  });
}

for (const [what, headers] of [
  ["a longer body", { "Content-Length": String(64 * KIB + 1) }],
  ["a longer body of unknown length", { "Transfer-Encoding": "chunked" }],
]) {
  test(`a request with ${what} is not sent again; the next one has another token`, async () => {
    const { name } = proxy.newApi();
    const path = `/${name}`;
    const bodies = rejecting(path);
    const body = "x".repeat(64 * KIB + 1);
    const reply = await proxy.send(path, { name, method: "POST", body, headers });
    assert.deepEqual([reply.status, reply.body.toString()], [401, "who are you?"]);
    assert.equal(reply.headers["www-authenticate"], 'Bearer error="invalid_token"');
    assert.deepEqual(
      bodies.map(({ length }) => length),
      [body.length],
    );
    const line = await proxy.logOf(reply);
    assert.deepEqual([line.repeated, line.renewal, line.outcome], [undefined, "revoked", "passed"]);
    const next = await proxy.send(path, { name, method: "POST", body, headers });
    assert.equal(next.status, 200);
  });
}

test("a second 401 is handed back, and causes no other renewal", async () => {
  const { name, scope } = proxy.newApi();
  rejecting(`/${name}`, 9);
  const reply = await proxy.send(`/${name}`, { name });
  assert.deepEqual([reply.status, reply.body.toString()], [401, "who are you?"]);
  assert.equal(proxy.callsAt(`/${name}`).length, 2);
  // The limits of POST /revoke: the next request has its 401 at once.
  assert.equal((await proxy.send(`/${name}`, { name })).status, 401);
  assert.equal(proxy.callsAt(`/${name}`).length, 3);
  assert.equal(proxy.world.upstreamFor(scope).length, 2);
});

test("the claims of the challenge reach the authorization server", async () => {
  const { name, scope } = proxy.newApi();
  rejecting(`/${name}`, 1, CHALLENGE);
  assert.equal((await proxy.send(`/${name}`, { name })).status, 200);
  const [first, second] = proxy.world.upstreamFor(scope);
  assert.equal(first.params.claims, undefined);
  assert.deepEqual(JSON.parse(second.params.claims), CLAIMS);
});

test("while the authorization server fails, the 401 is handed back and the token stays", async () => {
  const { name, scope } = proxy.newApi();
  rejecting(`/${name}`);
  await proxy.send("/none", { name });
  proxy.world.authority.next({ scope, fail: { status: 500 } }, { scope, fail: { status: 500 } });
  const reply = await proxy.send(`/${name}`, { name });
  assert.deepEqual([reply.status, reply.body.toString()], [401, "who are you?"]);
  const [{ token }] = proxy.callsAt(`/${name}`);
  await proxy.send(`/${name}`, { name });
  assert.equal(proxy.callsAt(`/${name}`)[1].token, token);
});

test("requests that are rejected at the same time share one renewal", async () => {
  const { name, scope } = proxy.newApi();
  const gate = Promise.withResolvers();
  let arrived = 0;
  proxy.on(`/${name}`, async (call) => {
    if (call.token !== proxy.callsAt(`/${name}`)[0].token) return call.response.end("welcome");
    if (++arrived === 10) gate.resolve();
    await gate.promise;
    return call.response.writeHead(401).end();
  });
  const replies = await Promise.all(Array.from({ length: 10 }, () => proxy.send(`/${name}`, { name })));
  assert.deepEqual(
    replies.map(({ status }) => status),
    Array(10).fill(200),
  );
  assert.equal(proxy.world.upstreamFor(scope).length, 2);
});

test("a GET with a body is not sent again", async () => {
  const { name } = proxy.newApi();
  rejecting(`/${name}`);
  const sent = { name, body: "hello", headers: { "Content-Length": "5" } };
  assert.equal((await proxy.send(`/${name}`, sent)).status, 401);
  assert.equal((await proxy.send(`/${name}`, sent)).status, 200);
});

/** The first token is rejected as soon as something of the body has come. The API reads on, and its answer has no end. */
function rejectingEarly(path) {
  proxy.on(path, async (call) => {
    if (call.token === proxy.callsAt(path)[0].token) {
      await call.part(5);
      call.response.writeHead(401).write("who are you?");
    } else call.response.end(String((await call.body()).length));
  });
}

/**
 * Begins such a request.
 * @param {string} name
 * @param {Record<string, string>} headers
 */
const beginUpload = (name, headers) => proxy.begin(`/${name}`, { name, method: "POST", headers });

test("a short body of a declared length is sent when it is whole, and again", async () => {
  const { name, scope } = proxy.newApi();
  rejectingEarly(`/${name}`);
  const caller = await beginUpload(name, { "Content-Length": "50005" });
  caller.write("first");
  caller.write("x".repeat(50_000));
  await caller.until(/^HTTP\/1\.1 200 [^]*50005/);
  caller.leave();
  assert.equal(proxy.world.upstreamFor(scope).length, 2);
});

test("rejected before the end of a short body of unknown length has come, the request is sent again as a whole", async () => {
  const { name, scope } = proxy.newApi();
  rejectingEarly(`/${name}`);
  const caller = await beginUpload(name, { "Transfer-Encoding": "chunked" });
  caller.chunk("first");
  const call = await proxy.arrival(`/${name}`);
  await call.part(5);
  caller.chunk("x".repeat(50_000));
  caller.chunk("");
  await caller.until(/^HTTP\/1\.1 200 [^]*50005/);
  caller.leave();
  assert.equal(proxy.world.upstreamFor(scope).length, 2);
});

for (const [what, rest] of [
  ["that is too long", 200],
  ["whose rest does not come", 0],
]) {
  test(`rejected before the end of a body ${what} has come, the request is not sent again`, async () => {
    const { name, scope } = proxy.newApi();
    rejectingEarly(`/${name}`);
    const caller = await beginUpload(name, { "Transfer-Encoding": "chunked" });
    caller.chunk("first");
    const call = await proxy.arrival(`/${name}`);
    await call.part(5);
    for (let n = 0; n < rest; n += 1) caller.chunk("x".repeat(1000));
    await caller.until(/^HTTP\/1\.1 401 [^]*who are you/);
    caller.leave();
    assert.equal(proxy.callsAt(`/${name}`).length, 1);
    assert.equal(proxy.world.upstreamFor(scope).length, 2);
  });
}

test("a short body in very many pieces is kept in one", async () => {
  const { name } = proxy.newApi();
  const bodies = rejecting(`/${name}`);
  const caller = await beginUpload(name, { "Transfer-Encoding": "chunked" });
  for (let n = 0; n < 1100; n += 1) caller.chunk("x");
  caller.chunk("");
  await caller.until(/^HTTP\/1\.1 200 /);
  caller.leave();
  assert.deepEqual(bodies, Array(2).fill("x".repeat(1100)));
});

test("a caller that leaves while the token is replaced: nothing is sent again, and the next one has the new token", async () => {
  const { name, scope } = proxy.newApi();
  rejecting(`/${name}`);
  await proxy.send("/none", { name });
  proxy.world.authority.next({ scope, slow: 300 });
  const caller = await proxy.begin(`/${name}`, { name });
  await until(() => proxy.world.upstreamFor(scope).length === 2);
  caller.leave();
  assert.equal((await proxy.logOf(caller)).outcome, "caller_gone");
  // It waits for the same renewal.
  assert.equal((await proxy.send(`/${name}`, { name })).status, 200);
  const tokens = proxy.callsAt(`/${name}`).map(({ token }) => token);
  assert.equal(tokens.filter((token) => token !== tokens[0]).length, 1);
  assert.equal(proxy.world.upstreamFor(scope).length, 2);
});
