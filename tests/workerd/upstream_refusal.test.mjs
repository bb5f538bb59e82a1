// The authorization server refuses: the scope (the caller's matter), or the broker's own credential (the operator's).

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { assertMiss, assertToken, assertTokenError } from "./harness/expect.mjs";
import { DEFAULT_APP, REFUSED_SCOPE, newClient } from "./harness/fixtures.mjs";
import { openWorld, withWorld } from "./harness/world.mjs";

const WRONG_SECRET = "wrong~0000000000000000000000000000000";

/** Both routes answer alike: `ask` → how. */
const ROUTES = [
  ["the token endpoint", "postToken"],
  ["GET /token", "getToken"],
];

describe("with one secret", () => {
  let world;
  before(async () => (world = await openWorld()));
  after(() => world?.close());

  test("a refused scope is relayed with upstream's own words, made harmless", async () => {
    const reply = await world.postToken({ scope: REFUSED_SCOPE });
    assertTokenError(reply, 400, "invalid_scope");
    assert.match(
      reply.body.error_description,
      /AADSTS1002012: The provided value for scope \S+ is not valid\. .* Trace ID: /,
    );
    assert.deepEqual(reply.body.error_codes, [1002012]);
    assert.match(reply.body.timestamp, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
    assert.ok(reply.body.error_description.includes(reply.body.trace_id));
    assert.equal(reply.body.correlation_id, reply.requestId);
    assert.equal(world.upstreamRequests(reply).length, 1);

    const { outcome, aadsts, trace_id } = await world.logOf(reply);
    assert.deepEqual(
      { outcome, aadsts, trace_id },
      { outcome: "scope_refused", aadsts: 1002012, trace_id: reply.body.trace_id },
    );
  });

  test("a description with quotes, backslashes, control and foreign characters stays within RFC 6749", async () => {
    const description = `AADSTS1002012: "no"\\\u0000\r\n\tgr\u00fc\u00df \u{1f511} ${"x".repeat(5000)}`;
    world.authority.next({ reply: { status: 400, body: { error: "invalid_scope", error_description: description } } });
    const reply = await world.postToken({ scope: world.newScope() });
    assertTokenError(reply, 400, "invalid_scope");
    assert.ok(reply.body.error_description.length < 1200);
  });

  for (const [aadsts, what] of [
    [7000215, "a wrong secret"],
    [7000222, "an expired secret"],
    [700016, "an unknown application"],
    [90002, "an unknown tenant"],
  ]) {
    for (const [route, ask] of ROUTES) {
      test(`${what} (AADSTS${aadsts}) is 502 at ${route}, and says what an operator must do`, async () => {
        world.authority.next({ refuse: aadsts });
        const reply = await world[ask]({ scope: world.newScope() });
        assertTokenError(reply, 502, "server_error");
        assert.equal(reply.headers.get("www-authenticate"), null);
        assert.match(reply.body.error_description, new RegExp(`AADSTS${aadsts}\\b`));
        assert.ok(reply.body.error_description.includes(reply.body.trace_id));
        assert.deepEqual(reply.body.error_codes, [aadsts]);
        assert.equal(world.upstreamRequests(reply).length, 1);
        assert.equal((await world.logOf(reply)).aadsts, aadsts);
      });
    }
  }

  for (const [aadsts, cause] of [
    [501051, /app role/],
    [530032, /security policy/],
    [7000229, /service principal/],
  ]) {
    test(`AADSTS${aadsts} is 502 and names the cause, also where only the description has the number`, async () => {
      const body = { error: "invalid_client", error_description: `AADSTS${aadsts}: words` };
      world.authority.next({ reply: { status: 401, body } });
      const reply = await world.postToken({ scope: world.newScope() });
      assertTokenError(reply, 502, "server_error");
      assert.match(reply.body.error_description, cause);
      assert.deepEqual(reply.body.error_codes, [aadsts]);
      assert.equal((await world.logOf(reply)).aadsts, aadsts);
    });
  }

  test("of an unknown number the caller gets Entra's words and where to look it up", async () => {
    const body = { error: "unauthorized_client", error_description: 'AADSTS4711: some "words"', error_codes: [4711] };
    world.authority.next({ reply: { status: 400, body } });
    const reply = await world.postToken({ scope: world.newScope() });
    assertTokenError(reply, 502, "server_error");
    assert.match(reply.body.error_description, /AADSTS4711: some 'words' .*microsoftonline\.com\/error\?code=4711/);
  });

  test("upstream's invalid_client without an AADSTS number is 502 as well", async () => {
    world.authority.next({ reply: { status: 401, body: { error: "invalid_client" } } });
    assertTokenError(await world.postToken({ scope: world.newScope() }), 502, "server_error");
  });
});

describe("with a second secret", () => {
  let world;
  before(
    async () =>
      (world = await openWorld({
        bindings: { AZ_CLIENT_SECRET: WRONG_SECRET, AZ_CLIENT_SECRET_SECONDARY: DEFAULT_APP.secrets[1] },
      })),
  );
  after(() => world?.close());

  const secretsTried = (reply) => world.upstreamRequests(reply).map(({ params }) => params.client_secret);

  test("it is tried when the first is refused, and the caller gets its token", async () => {
    const reply = await world.getToken({ scope: world.newScope() });
    assertToken(reply);
    assertMiss(reply);
    assert.deepEqual(secretsTried(reply), [WRONG_SECRET, DEFAULT_APP.secrets[1]]);
  });

  for (const aadsts of [7000215, 7000222]) {
    test(`it is tried after AADSTS${aadsts}, and when it is refused too that is 502`, async () => {
      world.authority.next({ refuse: aadsts }, { refuse: aadsts });
      const reply = await world.getToken({ scope: world.newScope() });
      assertTokenError(reply, 502, "server_error");
      assert.equal(new Set(secretsTried(reply)).size, 2);
    });
  }

  for (const aadsts of [1002012, 700016, 90002]) {
    test(`it is not tried after AADSTS${aadsts}, which no secret helps`, async () => {
      world.authority.next({ refuse: aadsts });
      const reply = await world.getToken({ scope: world.newScope() });
      assert.notEqual(reply.status, 200);
      assert.equal(secretsTried(reply).length, 1);
    });
  }

  test("it is tried after an expired secret that came with status 200", async () => {
    world.authority.next({ reply: { status: 200, body: { error: "invalid_client", error_codes: [7000222] } } });
    const reply = await world.getToken({ scope: world.newScope() });
    assertToken(reply);
    assert.equal(secretsTried(reply).length, 2);
  });

  test("it is not tried after AADSTS650057, although Entra says invalid_client: the scope is at fault", async () => {
    const body = {
      error: "invalid_client",
      error_description: "AADSTS650057: Invalid resource.",
      error_codes: [650057],
    };
    world.authority.next({ reply: { status: 401, body } });
    const reply = await world.postToken({ scope: world.newScope() });
    assertTokenError(reply, 400, "invalid_scope");
    assert.equal(secretsTried(reply).length, 1);
  });

  test("it is not tried while upstream throttles", async () => {
    world.authority.next({ throttle: {} });
    const reply = await world.getToken({ scope: world.newScope() });
    assert.deepEqual([reply.status, secretsTried(reply).length], [503, 1]);
  });
});

test("`client_secret` of CREDENTIALS may be a list of names: the next is tried when one is refused", async () => {
  const { tenant, clientId, secrets } = DEFAULT_APP;
  const rotator = newClient("rotator");
  const bindings = (authority_host) => ({
    CREDENTIALS: {
      rotating: { tenant, client_id: clientId, client_secret: ["OLD_SECRET", "NEW_SECRET"], authority_host },
    },
    OLD_SECRET: WRONG_SECRET,
    NEW_SECRET: secrets[1],
    CLIENTS: {
      rotator: {
        key_sha256: [rotator.digest],
        allow: [{ credential: "rotating", scope: "https://rotating.example/.default" }],
      },
    },
  });
  await withWorld({ bindings }, async (world) => {
    const reply = await world.getToken({ client: rotator, credential: "rotating" });
    assertToken(reply);
    assert.deepEqual(
      world.upstreamRequests(reply).map(({ params }) => params.client_secret),
      [WRONG_SECRET, secrets[1]],
    );
  });
});
