// Callers who present nothing: a Worker behind a service binding, a client certificate that the edge has verified.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError } from "./harness/expect.mjs";
import { GRAPH, REPORTS, newClient } from "./harness/fixtures.mjs";
import { openWorld } from "./harness/world.mjs";

const allow = [{ credential: "default", scope: GRAPH }];
const KEYED = newClient("keyed");
const CERTIFICATE = randomBytes(32).toString("hex");
const OTHER_CERTIFICATE = randomBytes(32).toString("hex");

/** The calling Worker: the header `binding` says through which of its bindings it passes a request on. */
const CALLER = `
export default {
  fetch(request, env) {
    const headers = new Headers(request.headers);
    const binding = headers.get("binding");
    headers.delete("binding");
    return env[binding].fetch(new Request(request, { headers }));
  },
};`;

let world;
before(async () => {
  world = await openWorld({
    bindings: {
      CLIENTS: {
        bound: { service_binding: true, allow },
        keyed: { key_sha256: [KEYED.digest], allow },
        robot: { mtls_sha256: [CERTIFICATE], allow },
        both: {
          key_sha256: [REPORTS.digest],
          mtls_sha256: [OTHER_CERTIFICATE.toUpperCase()],
          service_binding: true,
          allow,
        },
      },
    },
    front: CALLER,
    bound: {
      AS_BOUND: { client_id: "bound" },
      AS_KEYED: { client_id: "keyed" },
      AS_BOTH: { client_id: "both" },
      AS_NOBODY: { client_id: "nobody" },
      AS_NUMBER: { client_id: 7 },
      AS_LIST: { client_id: ["bound"] },
      WITHOUT_ID: { client: "bound" },
    },
  });
});
after(() => world?.close());

const get = (binding, headers = {}, query = "") =>
  world.fetch(`/token?scope=${GRAPH}${query}`, { headers: { binding, ...headers } });
const post = (binding, params = {}, headers = {}) =>
  world.fetch("/oauth2/v2.0/token", {
    method: "POST",
    headers: { binding, ...headers },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: GRAPH, ...params }),
  });

test("a Worker is the client in the props of its service binding, on both routes, without a key", async () => {
  const reply = await get("AS_BOUND");
  assertToken(reply);
  const { client_id, proof } = await world.logOf(reply);
  assert.deepEqual({ client_id, proof }, { client_id: "bound", proof: "service_binding" });
  assertToken(await post("AS_BOUND"));
  assertToken(await post("AS_BOUND", { client_id: "bound" }));
});

test("props cannot be claimed by a request", async () => {
  for (const headers of [{ props: `{"client_id":"bound"}` }, { client_id: "bound" }, { "cf-worker": "bound" }]) {
    assertTokenError(await get("BROKER", headers), 401, "invalid_token");
  }
  assertTokenError(await get("BROKER", {}, "&client_id=bound"), 401, "invalid_token");
  assertTokenError(await post("BROKER", { client_id: "bound" }), 401, "invalid_client");
});

for (const [what, binding] of [
  ["of a client that does not list service_binding", "AS_KEYED"],
  ["of nobody", "AS_NOBODY"],
]) {
  test(`props ${what} are refused`, async () => {
    const reply = await get(binding);
    assertTokenError(reply, 401, "invalid_token");
    assert.match(reply.body.error_description, /service binding/);
  });
}

for (const binding of ["AS_NUMBER", "AS_LIST", "WITHOUT_ID"]) {
  test(`props without a client id (${binding}) are no proof`, async () => {
    assertTokenError(await get(binding), 401, "invalid_token");
  });
}

test("the client of a service binding is not the caller's choice", async () => {
  assertTokenError(await post("AS_BOUND", { client_id: "keyed" }), 400, "invalid_request");
  assertTokenError(await get("AS_BOUND", {}, "&client_id=keyed"), 400, "invalid_request");
});

test("a key that is presented counts, not the binding that it came through", async () => {
  const reply = await get("AS_BOUND", { Authorization: `Bearer ${KEYED.key}` });
  assertToken(reply);
  assert.equal((await world.logOf(reply)).client_id, "keyed");
  assertTokenError(await get("AS_BOUND", { Authorization: "Bearer etb_wrong" }), 401, "invalid_token");
  assertTokenError(await post("AS_BOUND", { client_id: "bound", client_secret: "etb_wrong" }), 401, "invalid_client");
});

test("a client that lists several ways may use each", async () => {
  assertToken(await get("AS_BOTH"));
  assertToken(await get("BROKER", { Authorization: `Bearer ${REPORTS.key}` }));
  assertToken(await get("BROKER", certificate(OTHER_CERTIFICATE)));
});

/** As the edge describes a connection with a client certificate. */
function certificate(fingerprint, tls = {}) {
  const tlsClientAuth = {
    certPresented: "1",
    certVerified: "SUCCESS",
    certRevoked: "0",
    certFingerprintSHA256: fingerprint,
    ...tls,
  };
  return { "CF-Blob": JSON.stringify({ tlsClientAuth }) };
}

test("a client certificate that the edge verified is proof", async () => {
  const reply = await get("BROKER", certificate(CERTIFICATE));
  assertToken(reply);
  const { client_id, proof } = await world.logOf(reply);
  assert.deepEqual({ client_id, proof }, { client_id: "robot", proof: "mtls_sha256" });
  assertToken(await post("BROKER", { client_id: "robot" }, certificate(CERTIFICATE)));
  assertToken(await post("BROKER", {}, certificate(CERTIFICATE)));
});

test("a certificate of another client does not make its holder this one", async () => {
  assertTokenError(await post("BROKER", { client_id: "both" }, certificate(CERTIFICATE)), 401, "invalid_client");
});

for (const [what, tls] of [
  ["revoked", { certRevoked: "1" }],
  ["revoked or not, nobody knows", { certRevoked: undefined }],
  ["not verified", { certVerified: "FAILED:self signed certificate" }],
  ["not presented", { certPresented: "0" }],
  ["verified only by name", { certVerified: "NONE" }],
  ["unknown", { certFingerprintSHA256: "0".repeat(64) }],
  ["without a fingerprint", { certFingerprintSHA256: "" }],
  ["with a fingerprint that is no text", { certFingerprintSHA256: [CERTIFICATE] }],
]) {
  test(`a client certificate that is ${what} is refused`, async () => {
    assertTokenError(await get("BROKER", certificate(CERTIFICATE, tls)), 401, "invalid_token");
  });
}

for (const [what, headers] of [
  ["no cf at all", {}],
  ["a cf without tlsClientAuth", { "CF-Blob": "{}" }],
  [
    "the placeholders of a connection without a certificate",
    certificate("", { certPresented: "0", certVerified: "NONE", certRevoked: "0" }),
  ],
  ["null for tlsClientAuth", { "CF-Blob": `{"tlsClientAuth":null}` }],
]) {
  test(`${what} is a request without any proof`, async () => {
    const reply = await get("BROKER", headers);
    assertTokenError(reply, 401, "invalid_token");
    assert.equal(reply.headers.get("www-authenticate"), 'Bearer realm="edge-token-broker"');
  });
}
