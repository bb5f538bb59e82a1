// MSAL Node, which knows only its authority: its requests for the authority are sent to the broker, and all of it works
// unchanged. MSAL adds hints for an ID token to every `claims`.

import { ConfidentialClientApplication } from "@azure/msal-node";
import assert from "node:assert/strict";
import { test } from "node:test";

import { DEFAULT_APP, GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { withWorld } from "./harness/world.mjs";

const AUTHORITY = `https://login.microsoftonline.com/${DEFAULT_APP.tenant}`;
const NBF = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
const CP1 = '{"access_token":{"xms_cc":{"values":["CP1"]}}}';

/** The network of MSAL. The authority's metadata never leave it. */
const network = (own, seen = () => {}) => ({
  async sendGetRequestAsync() {
    const body = {
      issuer: `${AUTHORITY}/v2.0`,
      authorization_endpoint: `${AUTHORITY}/oauth2/v2.0/authorize`,
      token_endpoint: `${AUTHORITY}/oauth2/v2.0/token`,
      jwks_uri: `${AUTHORITY}/discovery/v2.0/keys`,
    };
    return { status: 200, headers: {}, body };
  },
  async sendPostRequestAsync(url, { headers, body }) {
    const reply = await own.fetch(new URL(url).pathname, { method: "POST", headers, body });
    seen(body, reply);
    return { status: reply.status, headers: Object.fromEntries(reply.headers), body: reply.body };
  },
});

/** An application of MSAL, which has nothing in its own cache. */
function application(own, { secret = REPORTS.key, capabilities = [] } = {}) {
  const auth = { clientId: REPORTS.id, clientSecret: secret, authority: AUTHORITY, clientCapabilities: capabilities };
  return new ConfidentialClientApplication({ auth, system: { networkClient: network(own) } });
}

const ask = async (app, more = {}) => {
  const { accessToken } = await app.acquireTokenByClientCredential({ scopes: [GRAPH], ...more });
  return accessToken;
};

const claimsOf = (own) => own.upstreamFor(GRAPH).map(({ params }) => params.claims);

test("MSAL gets the token, and a new one after a claims challenge", () =>
  withWorld({}, async (own) => {
    const old = await ask(application(own));
    assert.ok(own.authority.issued.includes(old));
    assert.equal(await ask(application(own)), old);
    const renewed = await ask(application(own), { claims: NBF });
    assert.notEqual(renewed, old);
    assert.equal(await ask(application(own)), renewed);
    assert.deepEqual(claimsOf(own), [undefined, NBF]);
  }));

test("the id that MSAL sends in the form names the request: in the answer, the log, and upstream", () =>
  withWorld({}, async (own) => {
    for (const secret of [REPORTS.key, "wrong"]) {
      let sent, reply;
      const networkClient = network(own, (form, answer) => {
        sent = new URLSearchParams(form).get("client-request-id");
        reply = answer;
      });
      const auth = { clientId: REPORTS.id, clientSecret: secret, authority: AUTHORITY };
      await ask(new ConfidentialClientApplication({ auth, system: { networkClient } })).catch(() => {});
      assert.equal(reply.status, secret === REPORTS.key ? 200 : 401);
      assert.match(sent, /^[0-9a-f-]{36}$/);
      assert.equal(reply.requestId, sent);
      assert.equal((await own.logOf(reply)).request_id, sent);
      assert.equal(own.upstreamRequests(reply).length, reply.status === 200 ? 1 : 0);
    }
  }));

for (const [cae, expected] of [
  [true, [undefined, CP1]],
  [false, [undefined]],
]) {
  const allow = [{ credential: "default", scope: GRAPH, cae }];
  const bindings = { CLIENTS: { [REPORTS.id]: { key_sha256: [REPORTS.digest], allow } } };

  test(`the client capability of MSAL counts as the grant says: cae = ${cae}`, () =>
    withWorld({ bindings }, async (own) => {
      const plain = await ask(application(own));
      const capable = await ask(application(own, { capabilities: ["CP1"] }));
      assert.equal(capable === plain, !cae);
      assert.deepEqual(claimsOf(own), expected);
    }));
}

test("MSAL tells a wrong key from a failure that passes", () =>
  withWorld({}, async (own) => {
    await assert.rejects(ask(application(own, { secret: "etb_wrong" })), { errorCode: "invalid_client" });
    own.authority.next({ reply: { status: 429, headers: { "Retry-After": "5" }, body: "Too Many Requests" } });
    await assert.rejects(ask(application(own)), { errorCode: "temporarily_unavailable" });
  }));
