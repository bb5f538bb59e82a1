// The token request itself (RFC 6749 §3.2, §4.4.2, §5.2): what is well-formed, and what is invalid_request.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertToken, assertTokenError } from "./harness/expect.mjs";
import { GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { basic, openWorld } from "./harness/world.mjs";

const MAX_BODY_BYTES = 16 * 1024;
const FORM = "application/x-www-form-urlencoded";

let world;
before(async () => (world = await openWorld()));
after(() => world?.close());

/** Sends a body as it is, authenticated by Basic. */
const send = (body, contentType = FORM, init = {}) =>
  world.fetch("/oauth2/v2.0/token", {
    method: "POST",
    headers: { Authorization: basic(REPORTS.id, REPORTS.key), ...(contentType && { "Content-Type": contentType }) },
    body,
    ...init,
  });

const valid = (extra = "") => `grant_type=client_credentials&scope=${encodeURIComponent(GRAPH)}${extra}`;

/** A valid body of exactly `bytes`. */
const padded = (bytes) => valid("&padding=").padEnd(bytes, "x");

test("media type parameters and case do not matter", async () => {
  assertToken(await send(valid(), "Application/X-WWW-Form-URLencoded; charset=UTF-8"));
});

for (const contentType of [
  "application/json",
  "text/plain",
  "multipart/form-data; boundary=x",
  "application/x-www-form-urlencodedx",
]) {
  test(`content type ${contentType} is invalid_request`, async () => {
    assertTokenError(await send(valid(), contentType), 400, "invalid_request");
  });
}

test("no content type is invalid_request", async () => {
  assertTokenError(await send(Buffer.from(valid()), null), 400, "invalid_request");
});

test("an empty body is invalid_request", async () => {
  assertTokenError(await send(""), 400, "invalid_request");
});

test("a missing grant_type is invalid_request", async () => {
  assertTokenError(await world.postToken({ scope: GRAPH, params: { grant_type: undefined } }), 400, "invalid_request");
});

test("an empty grant_type is a missing grant_type", async () => {
  assertTokenError(await world.postToken({ scope: GRAPH, params: { grant_type: "" } }), 400, "invalid_request");
});

for (const grantType of [
  "password",
  "authorization_code",
  "refresh_token",
  "CLIENT_CREDENTIALS",
  "urn:ietf:params:oauth:grant-type:jwt-bearer",
]) {
  test(`grant type ${grantType} is unsupported_grant_type`, async () => {
    const reply = await world.postToken({ scope: GRAPH, params: { grant_type: grantType } });
    assertTokenError(reply, 400, "unsupported_grant_type");
  });
}

for (const [name, value] of [
  ["grant_type", "client_credentials"],
  ["scope", GRAPH],
  ["client_id", REPORTS.id],
]) {
  test(`${name} sent twice is invalid_request`, async () => {
    const twice = `&${new URLSearchParams([[name, value]])}`;
    assertTokenError(await send(valid(`&client_id=${REPORTS.id}${twice}`)), 400, "invalid_request");
  });
}

test("client_secret sent twice is invalid_request", async () => {
  const body = new URLSearchParams(valid());
  for (const [name, value] of [
    ["client_id", REPORTS.id],
    ["client_secret", REPORTS.key],
    ["client_secret", REPORTS.key],
  ]) {
    body.append(name, value);
  }
  const reply = await world.fetch("/oauth2/v2.0/token", { method: "POST", body });
  assertTokenError(reply, 400, "invalid_request");
});

test("an empty parameter is an absent parameter, also beside one with a value", async () => {
  assertToken(await send(`scope=&client_secret=&${valid("&grant_type=&client_id=")}`));
});

test("unknown parameters are ignored, also when repeated", async () => {
  assertToken(await send(valid("&tenant=x&login_hint=y&login_hint=z&state=")));
});

test("parameters in the query are not the request's", async () => {
  const reply = await world.fetch(`/oauth2/v2.0/token?${valid()}`, {
    method: "POST",
    headers: { Authorization: basic(REPORTS.id, REPORTS.key), "Content-Type": FORM },
    body: "",
  });
  assertTokenError(reply, 400, "invalid_request");
});

test("a body of 16 KiB is read", async () => {
  assertToken(await send(padded(MAX_BODY_BYTES)));
});

test("a body over 16 KiB is 413 invalid_request", async () => {
  assertTokenError(await send(padded(MAX_BODY_BYTES + 1)), 413, "invalid_request");
});

test("a chunked body over 16 KiB is 413 invalid_request", async () => {
  async function* chunks() {
    const bytes = Buffer.from(padded(MAX_BODY_BYTES + 1));
    for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  }
  assertTokenError(await send(ReadableStream.from(chunks()), FORM, { duplex: "half" }), 413, "invalid_request");
});

test("a chunked body within 16 KiB is read", async () => {
  assertToken(await send(ReadableStream.from([Buffer.from(valid())]), FORM, { duplex: "half" }));
});

test("a body that is not UTF-8 is answered, not dropped", async () => {
  const reply = await send(Buffer.concat([Buffer.from(valid("&x=")), Buffer.from([0xff, 0xfe])]));
  assert.ok([200, 400].includes(reply.status), reply.text);
});

test("a malformed request asks nobody upstream", async () => {
  const reply = await world.postToken({ scope: world.newScope(), params: { grant_type: "password" } });
  assert.deepEqual(world.upstreamRequests(reply), []);
});
