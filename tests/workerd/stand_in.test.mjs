// The stand-in authorization server checks what Entra checks, and does what it is told over HTTP.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startAuthority } from "../../stand-in/authority.mjs";

const APP = { tenant: "contoso.onmicrosoft.com", clientId: "app", secrets: ["first", "second"] };
const VALID = {
  grant_type: "client_credentials",
  client_id: "app",
  client_secret: "first",
  scope: "https://graph.microsoft.com/.default",
};

let authority;
before(async () => (authority = await startAuthority({ apps: [APP] })));
after(() => authority?.close());

async function ask(params = {}, { tenant = APP.tenant, headers = {} } = {}) {
  const form = Object.entries({ ...VALID, ...params }).filter(([, value]) => value !== undefined);
  const response = await fetch(`${authority.url}/${tenant}/oauth2/v2.0/token`, {
    method: "POST",
    headers,
    body: new URLSearchParams(form),
    redirect: "manual",
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text.startsWith("{") ? JSON.parse(text) : undefined,
  };
}

const control = async (method, query = "", body) =>
  (await fetch(`${authority.url}/stand-in/behaviour${query}`, { method, body: body && JSON.stringify(body) })).status;

test("every valid secret gets a token, and each request a new one, of the size and shape of Entra's", async () => {
  const replies = [await ask(), await ask({ client_secret: "second" })];
  for (const { status, body } of replies) {
    assert.equal(status, 200);
    assert.deepEqual(
      { ...body, access_token: "" },
      { token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599, access_token: "" },
    );
    const [header, claims, signature] = body.access_token.split(".");
    assert.equal(JSON.parse(Buffer.from(header, "base64url")).typ, "JWT");
    assert.equal(JSON.parse(Buffer.from(claims, "base64url")).aud, "https://graph.microsoft.com");
    assert.equal(signature.length, 342);
    assert.ok(body.access_token.length > 1200 && body.access_token.length < 1800);
  }
  assert.notEqual(replies[0].body.access_token, replies[1].body.access_token);
});

for (const [what, params, options, status, error, aadsts] of [
  ["another grant type", { grant_type: "password" }, {}, 400, "unsupported_grant_type", 70003],
  ["no grant type", { grant_type: undefined }, {}, 400, "invalid_request", 900144],
  ["an unknown tenant", {}, { tenant: "fabrikam.com" }, 400, "invalid_request", 90002],
  ["an unknown application", { client_id: "other" }, {}, 400, "unauthorized_client", 700016],
  ["a wrong secret", { client_secret: "third" }, {}, 401, "invalid_client", 7000215],
  ["no secret", { client_secret: undefined }, {}, 401, "invalid_client", 7000218],
  ["no scope", { scope: undefined }, {}, 400, "invalid_request", 900144],
  ["a scope without /.default", { scope: "https://graph.microsoft.com/.defaultd" }, {}, 400, "invalid_scope", 1002012],
]) {
  test(`${what} is refused with AADSTS${aadsts}`, async () => {
    const correlationId = "b1a2c3d4-0000-4000-8000-000000000000";
    const headers = { "client-request-id": correlationId, "return-client-request-id": "true" };
    const { body, ...reply } = await ask(params, { ...options, headers });
    assert.deepEqual([reply.status, body.error, body.error_codes], [status, error, [aadsts]]);
    assert.match(
      body.error_description,
      new RegExp(
        `^AADSTS${aadsts}: .*\\r\\nTrace ID: ${body.trace_id}\\r\\nCorrelation ID: ${correlationId}\\r\\nTimestamp: ${body.timestamp}$`,
      ),
    );
    assert.equal(body.correlation_id, correlationId);
    assert.equal(reply.headers.get("client-request-id"), correlationId);
  });
}

test("it is told over HTTP to misbehave: once, always, and no more", async () => {
  assert.equal(await control("PUT", "", { throttle: { retryAfter: 30 } }), 200);
  const throttled = await ask();
  assert.deepEqual(
    [throttled.status, throttled.headers.get("retry-after"), throttled.text],
    [429, "30", "Too Many Requests"],
  );
  assert.equal((await ask()).status, 200);

  await control("PUT", "?always", { fail: { status: 503 } });
  assert.deepEqual([(await ask()).status, (await ask()).status], [503, 503]);
  await control("DELETE");
  assert.equal((await ask()).status, 200);
});

test("a behaviour for one scope leaves the others alone", async () => {
  await control("PUT", "", { scope: "https://other.example/.default", throttle: {} });
  assert.equal((await ask()).status, 200);
  assert.equal((await ask({ scope: "https://other.example/.default" })).status, 429);
});

test("a mistyped behaviour is refused, not ignored", async () => {
  assert.equal(await control("PUT", "", { throtle: {} }), 400);
  assert.throws(() => authority.next({ hangs: "headers" }), /unknown behaviour 'hangs'/);
});

test("it shows what came in, without the secrets", async () => {
  const text = await (await fetch(`${authority.url}/stand-in/requests`)).text();
  assert.ok(JSON.parse(text).length > 0);
  assert.ok(!/first|second/.test(text));
});
