// Calls by RPC from another Worker of the account, whose service bindings have `props`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertToken } from "./harness/expect.mjs";
import { GRAPH, LEDGER, REFUSED_SCOPE, REPORTS, SCOPES } from "./harness/fixtures.mjs";
import { ADMITS_NOBODY, callOf, calling } from "./harness/fronts.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const allow = [...SCOPES, GRAPH, REFUSED_SCOPE].map((scope) => ({ credential: "default", scope }));
const CLIENTS = {
  bound: { service_binding: true, allow },
  one: { service_binding: true, allow: [{ credential: "billing", scope: LEDGER }] },
  keyed: { key_sha256: [REPORTS.digest], allow },
};
const BOUND = {
  BOUND: { client_id: "bound" },
  ONE: { client_id: "one" },
  KEYED: { client_id: "keyed" },
  NOBODY: { client_id: "nobody" },
  NUMBER: { client_id: 7 },
  OTHERS: { clientId: "bound" },
};
const CALLER = { ...calling(), bound: BOUND, bindings: { CLIENTS } };

let world;
before(async () => (world = await openWorld(CALLER)));
after(() => world?.close());

const call = (argument, more) => callOf(world, { argument, ...more });

async function refused(argument, more) {
  const { thrown, result } = await call(argument, more);
  assert.ok(thrown, `it has a result: ${JSON.stringify(result)}`);
  assert.match(thrown.requestId, /^[!-~]{1,64}$/);
  return thrown;
}

test("a token: first from upstream, then from memory, and over HTTP the same one", async () => {
  const scope = world.newScope();
  const before = Date.now();
  const miss = await call({ scope, requestId: "my-own-id" });
  assert.ok(miss.token);
  const { expiresOnTimestamp, refreshAfterTimestamp, ...rest } = miss.result;
  assert.deepEqual(rest, { tokenType: "Bearer", scope });
  const left = expiresOnTimestamp - before;
  assert.ok(left > 3_500_000 && left < 4_000_000, `${left} ms left`);
  const ahead = expiresOnTimestamp - refreshAfterTimestamp;
  assert.equal(ahead, 15 * 60_000);
  const hit = await call({ scope, credential: "default" });
  assert.deepEqual(hit, miss);
  assert.equal(assertToken(await world.getToken({ scope, key: REPORTS.key })), hit.token);
  assert.equal(world.upstreamFor(scope).length, 1);

  const { method, request_id, route, status, outcome, client_id, proof, credential } = await world.broker.logLine(
    "the miss",
    (line) => line.request_id === "my-own-id",
  );
  assert.deepEqual(
    { method, request_id, route, status, outcome, client_id, proof, credential },
    {
      method: undefined,
      request_id: "my-own-id",
      route: "rpc_token",
      status: 200,
      outcome: "miss",
      client_id: "bound",
      proof: "service_binding",
      credential: "default",
    },
  );
  assert.equal(world.upstreamRequests({ requestId: "my-own-id" }).length, 1);
});

test("minTtl: a token with more time left", async () => {
  const scope = world.newScope();
  const first = await call({ scope });
  assert.equal((await call({ scope, minTtl: 3000 })).token, first.token);
  world.authority.next({ scope, token: { expires_in: 7200 } });
  const longer = await call({ scope, minTtl: 5000 });
  assert.notEqual(longer.token, first.token);
  assert.ok(longer.result.expiresOnTimestamp > first.result.expiresOnTimestamp);
});

test("the only grant needs no scope", async () => {
  const { token, result } = await call({ credential: "billing" }, { binding: "ONE" });
  assert.ok(token);
  assert.equal(result.scope, LEDGER);
});

for (const [binding, what] of [
  ["BROKER", "no props"],
  ["NUMBER", "props whose client_id is no text"],
  ["OTHERS", "props with another member"],
  ["NOBODY", "an unknown client"],
  ["KEYED", "a client that may not call by service binding"],
]) {
  for (const method of ["getToken", "revoke"]) {
    test(`${method} with ${what} is refused, whatever the argument says`, async () => {
      for (const argument of [{ scope: GRAPH }, { client_id: "bound" }, { props: { client_id: "bound" } }, null]) {
        const { name, status, message } = await refused(argument, { binding, method });
        assert.deepEqual([name, status], ["invalid_token", 401]);
        assert.match(
          message,
          ["BROKER", "NUMBER", "OTHERS"].includes(binding) ? /no client_id in its props/ : /props may call/,
        );
      }
    });
  }
}

test("what is not granted, and what is malformed, is refused as over HTTP", async () => {
  for (const [argument, name, status] of [
    [{ scope: "https://other.example/.default" }, "insufficient_scope", 403],
    [{ credential: "billing" }, "insufficient_scope", 403],
    [{}, "invalid_request", 400],
    [{ scope: '"' }, "invalid_request", 400],
    [{ scope: GRAPH, resource: "https://other.example" }, "invalid_target", 400],
    [{ scope: GRAPH, claims: "no JSON" }, "invalid_request", 400],
  ]) {
    const thrown = await refused(argument);
    assert.deepEqual([thrown.name, thrown.status], [name, status], JSON.stringify(argument));
    const query = new URLSearchParams(/** @type {Record<string, string>} */ (argument));
    const http = await world.fetch(`/token?${query}`, { headers: { Authorization: `Bearer ${REPORTS.key}` } });
    assert.deepEqual([http.status, http.body.error, http.body.error_description], [status, name, thrown.message]);
  }
});

test("upstream's refusal has its numbers", async () => {
  const thrown = await refused({ scope: REFUSED_SCOPE });
  assert.equal(thrown.name, "insufficient_scope");
  assert.ok(Array.isArray(thrown.errorCodes), JSON.stringify(thrown));
  assert.ok(thrown.traceId && thrown.correlationId && thrown.timestamp, JSON.stringify(thrown));
});

test("a throttled upstream says when to come again", async () => {
  const scope = world.newScope();
  world.authority.next({ scope, throttle: { retryAfter: 17 } });
  const { name, status, retryAfter } = await refused({ scope });
  assert.deepEqual([name, status, retryAfter], ["temporarily_unavailable", 503, 17]);
});

test("a rejected token is replaced; a challenge's claims go to upstream", async () => {
  const scope = world.newScope();
  const { token } = await call({ scope });
  const revoke = (argument) => call(argument, { method: "revoke" });
  assert.deepEqual((await revoke({ token: "no-token-of-mine", scope })).result, {});
  assert.equal((await call({ scope })).token, token);

  const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: "1700000000" } } });
  assert.deepEqual((await revoke({ token, claims, scope, credential: "default" })).result, {});
  const next = await call({ scope });
  assert.notEqual(next.token, token);
  assert.match(world.upstreamFor(scope).at(-1).params.claims, /1700000000/);
  await world.broker.logLine("the report", ({ route, outcome }) => route === "rpc_revoke" && outcome === "revoked");
  const thrown = await refused({ scope }, { method: "revoke" });
  assert.deepEqual([thrown.name, thrown.message], ["invalid_request", "parameter token is missing"]);
});

test("the rate limit of a client counts calls", () =>
  withWorld({ ...CALLER, beside: { CLIENT_RATE_LIMIT: ADMITS_NOBODY } }, async (limited) => {
    for (const method of ["getToken", "revoke"]) {
      const { thrown } = await callOf(limited, { method, argument: { token: "t" } });
      assert.deepEqual([thrown.name, thrown.status, thrown.retryAfter], ["slow_down", 429, 10]);
    }
  }));

test("with a fault in the configuration nobody gets a token", () =>
  withWorld({ ...CALLER, bindings: { CLIENTS, AZ_TENANT: undefined } }, async (faulty) => {
    const { thrown } = await callOf(faulty, {});
    assert.deepEqual([thrown.name, thrown.status], ["temporarily_unavailable", 503]);
  }));

test("a caller with an older compatibility date gets an Error whose message begins with the code", () =>
  withWorld({ ...CALLER, frontDate: "2026-04-01" }, async (old) => {
    assert.ok((await callOf(old, { argument: { scope: GRAPH } })).token);
    const { thrown } = await callOf(old, { argument: { scope: "https://other.example/.default" } });
    assert.equal(thrown.name, "Error");
    assert.equal(thrown.message, "insufficient_scope: this client is not granted the requested scope");
  }));

test("the response_fields of a credential come along", () => {
  const response_fields = ["instance_url", "token", "tokenType"];
  const reply = {
    access_token: "of-sales",
    token_type: "Bearer",
    expires_in: 3600,
    instance_url: "https://na1.example",
  };
  const bindings = (url) => ({
    CREDENTIALS: {
      sales: { token_endpoint: `${url}/sales`, client_id: "i", client_secret: "AZ_CLIENT_SECRET", response_fields },
    },
    CLIENTS: { bound: { service_binding: true, allow: [{ credential: "sales" }] } },
  });
  return withWorld({ ...CALLER, bindings }, async (own) => {
    own.authority.next({
      path: "/sales",
      reply: { status: 200, body: { ...reply, token: "false", tokenType: "MAC" } },
    });
    const { token, result } = await callOf(own, { argument: { credential: "sales" } });
    assert.equal(token, "of-sales");
    const { instance_url, tokenType, scope } = result;
    assert.deepEqual(
      { instance_url, tokenType, scope },
      { instance_url: "https://na1.example", tokenType: "Bearer", scope: undefined },
    );
  });
});
