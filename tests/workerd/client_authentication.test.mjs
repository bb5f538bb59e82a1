// Client authentication at the token endpoint (RFC 6749 §2.3, §3.2.1, §5.2).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError } from "./harness/expect.mjs";
import { AUDIT, GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { basic, openWorld } from "./harness/world.mjs";

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

const encoded = (text) => Buffer.from(text).toString("base64");
const percentEncoded = (text) =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");

const WRONG_KEY = `etb_${"A".repeat(43)}`;

test("client_secret_post authenticates", async () => {
  assertToken(await world.postToken({ scope: GRAPH }));
});

test("client_secret_basic authenticates", async () => {
  assertToken(await world.postTokenBasic({ scope: GRAPH }));
});

for (const scheme of ["basic", "BASIC", "bAsIc"]) {
  test(`the authentication scheme is case-insensitive: ${scheme}`, async () => {
    assertToken(await world.postTokenBasic({ scope: GRAPH, authorization: basic(REPORTS.id, REPORTS.key, scheme) }));
  });
}

test("id and secret of a Basic header are form-urlencoded before base64", async () => {
  const authorization = `Basic ${encoded(`${percentEncoded(REPORTS.id)}:${percentEncoded(REPORTS.key)}`)}`;
  assertToken(await world.postTokenBasic({ scope: GRAPH, authorization }));
});

test("a plus sign in a Basic header is an encoded space", async () => {
  const authorization = `Basic ${encoded(`${REPORTS.id}:${REPORTS.key}+`)}`;
  assertTokenError(await world.postTokenBasic({ scope: GRAPH, authorization }), 401, "invalid_client");
});

test("Basic with the same client_id in the body is one method, not two", async () => {
  assertToken(await world.postTokenBasic({ scope: GRAPH, params: { client_id: REPORTS.id } }));
});

test("Basic with another client_id in the body is invalid_request", async () => {
  assertTokenError(
    await world.postTokenBasic({ scope: GRAPH, params: { client_id: AUDIT.id } }),
    400,
    "invalid_request",
  );
});

test("Basic with client_secret in the body is two methods: invalid_request", async () => {
  const reply = await world.postTokenBasic({
    scope: GRAPH,
    params: { client_id: REPORTS.id, client_secret: REPORTS.key },
  });
  assertTokenError(reply, 400, "invalid_request");
});

test("client_secret without client_id is invalid_request", async () => {
  assertTokenError(await world.postToken({ scope: GRAPH, params: { client_id: undefined } }), 400, "invalid_request");
});

test("no client authentication is invalid_client", async () => {
  const reply = await world.postToken({ scope: GRAPH, params: { client_id: undefined, client_secret: undefined } });
  assertTokenError(reply, 401, "invalid_client");
});

test("client_id alone is no authentication: invalid_client", async () => {
  assertTokenError(
    await world.postToken({ scope: GRAPH, params: { client_secret: undefined } }),
    401,
    "invalid_client",
  );
});

test("empty credentials are absent credentials: invalid_client", async () => {
  assertTokenError(
    await world.postToken({ scope: GRAPH, params: { client_id: "", client_secret: "" } }),
    401,
    "invalid_client",
  );
});

for (const [what, params] of [
  ["a wrong secret in the body", { client_secret: WRONG_KEY }],
  ["an unknown client in the body", { client_id: "nobody" }],
  ["a client_id alone", { client_secret: undefined }],
  ["nothing at all", { client_id: undefined, client_secret: undefined }],
]) {
  test(`${what} is 401 with a Basic challenge, here and at /revoke`, async () => {
    for (const path of ["/oauth2/v2.0/token", "/revoke"]) {
      const reply = await world.postToken({ path, scope: GRAPH, params: { token: "t", ...params } });
      assertTokenError(reply, 401, "invalid_client");
      assert.equal(reply.headers.get("www-authenticate"), 'Basic realm="edge-token-broker"');
    }
  });
}

for (const [what, authorization] of [
  ["a wrong secret", basic(REPORTS.id, WRONG_KEY)],
  ["an unknown client", basic("nobody", REPORTS.key)],
  ["another client's secret", basic(REPORTS.id, AUDIT.key)],
  ["malformed base64", "Basic !!!!"],
  ["base64 without a colon", `Basic ${encoded(REPORTS.id)}`],
  ["malformed percent-encoding", `Basic ${encoded(`${REPORTS.id}:%zz%`)}`],
  ["bytes that are not UTF-8", `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString("base64")}`],
  ["nothing after the scheme", "Basic"],
  ["another scheme", `Bearer ${REPORTS.key}`],
]) {
  test(`${what} in the Authorization header is 401 with a Basic challenge`, async () => {
    const reply = await world.postTokenBasic({ scope: GRAPH, authorization });
    assertTokenError(reply, 401, "invalid_client");
    assert.match(reply.headers.get("www-authenticate"), /^Basic\b/);
  });
}

test("an unknown client and a wrong secret look the same", async () => {
  const unknown = await world.postToken({ scope: GRAPH, params: { client_id: "nobody" } });
  const wrong = await world.postToken({ scope: GRAPH, params: { client_secret: WRONG_KEY } });
  assert.deepEqual([unknown.status, unknown.body], [wrong.status, wrong.body]);
});

test("client authentication is checked before grant type and scope", async () => {
  const params = { client_secret: WRONG_KEY, grant_type: "password" };
  assertTokenError(await world.postToken({ scope: "not a granted scope", params }), 401, "invalid_client");
});

test("a failed authentication asks nobody upstream", async () => {
  const scope = world.newScope();
  const reply = await world.postToken({ scope, params: { client_secret: WRONG_KEY } });
  assert.deepEqual(world.upstreamRequests(reply), []);
});
