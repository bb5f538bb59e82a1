// The stand-in's servers that take a signed JWT in place of a client: Google, Salesforce, Zitadel, GitHub.

import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { SignJWT } from "jose";

import { startAuthority } from "../../stand-in/authority.mjs";
import { KEYS, kindsAt } from "./harness/credentials.mjs";

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const now = () => Math.floor(Date.now() / 1000);

let authority;
let kinds;
before(async () => {
  const apps = [];
  authority = await startAuthority({ apps });
  const all = kindsAt(authority.url);
  apps.push(...all.map(({ app }) => app));
  kinds = Object.fromEntries(all.map((kind) => [kind.name, kind]));
});
after(() => authority?.close());

const post = async (path, init = {}) => {
  const response = await fetch(authority.url + path, { method: "POST", ...init });
  return { status: response.status, body: await response.json() };
};

/** What a response has beside the token. */
const rest = ({ access_token, ...others }) => others;

/** A request with the grant `jwt-bearer`. */
async function bearer(path, key, claims, { header = {}, params = {} } = {}) {
  const assertion = await new SignJWT(claims).setProtectedHeader({ alg: "RS256", ...header }).sign(key);
  return post(path, { body: new URLSearchParams({ grant_type: JWT_BEARER, assertion, ...params }) });
}

test("Google takes a service account's key file, with the scope in the assertion", async () => {
  const file = JSON.parse(kinds.google.secrets.GOOGLE_KEY);
  const key = createPrivateKey(file.private_key);
  const ask = (changed) =>
    bearer(
      new URL(file.token_uri).pathname,
      key,
      {
        iss: file.client_email,
        aud: file.token_uri,
        scope: "https://www.googleapis.com/auth/cloud-platform",
        iat: now(),
        exp: now() + 3600,
        ...changed,
      },
      { header: { kid: file.private_key_id } },
    );
  assert.deepEqual(rest((await ask()).body), { token_type: "Bearer", expires_in: 3599 });
  assert.equal((await ask({ sub: kinds.google.app.users[0] })).status, 200);
  for (const [changed, error, words] of [
    [{ exp: now() + 3700 }, "invalid_grant", /must be a short-lived token \(60 minutes\)/],
    [{ iat: now() + 60 }, "invalid_grant", /short-lived/],
    [{ aud: "https://else" }, "invalid_grant", /audience/],
    [{ iss: "else@else" }, "invalid_grant", /account not found/],
    [{ scope: undefined }, "invalid_scope", /Invalid OAuth scope/],
    [{ sub: "else@else" }, "unauthorized_client", /unauthorized to retrieve/],
  ]) {
    const { body } = await ask(changed);
    assert.equal(body.error, error);
    assert.match(body.error_description, words);
  }
});

test("Salesforce takes an assertion for a user", async () => {
  const { credential } = kinds.salesforce;
  const key = createPrivateKey(KEYS.salesforce);
  const claims = { iss: credential.client_id, ...credential.assertion, exp: now() + 300 };
  const ask = (changed) => bearer("/salesforce/services/oauth2/token", key, { ...claims, ...changed });
  assert.equal((await ask()).body.instance_url, `${authority.url}/salesforce`);
  for (const [changed, description] of [
    [{ sub: "else@else" }, "user hasn't approved this consumer"],
    [{ aud: "https://else" }, "audience is invalid"],
    [{ exp: now() + 600 }, "invalid assertion"],
  ]) {
    assert.deepEqual((await ask(changed)).body, { error: "invalid_grant", error_description: description });
  }
});

test("Zitadel takes an assertion with a key id, and wants the scope openid", async () => {
  const { credential } = kinds.zitadel;
  const key = createPrivateKey(KEYS.zitadel);
  const claims = { iss: credential.client_id, ...credential.assertion, iat: now(), exp: now() + 300 };
  const ask = (header, scope) =>
    bearer("/zitadel/oauth/v2/token", key, claims, { header, params: { ...(scope && { scope }) } });
  const { body } = await ask({ kid: credential.key_id }, "openid");
  assert.deepEqual([body.expires_in, body.id_token.split(".").length], [43_199, 3]);
  assert.equal((await ask({ kid: credential.key_id })).body.error, "invalid_scope");
  assert.equal((await ask({}, "openid")).body.error, "invalid_grant");
});

test("GitHub gives an installation's token for the app's JWT, narrowed as the body says", async () => {
  const { credential } = kinds.github;
  const key = createPrivateKey(KEYS.github);
  const sign = (changed) =>
    new SignJWT({ iss: credential.github_app.client_id, iat: now() - 60, exp: now() + 300, ...changed })
      .setProtectedHeader({ alg: "RS256" })
      .sign(key);
  const ask = async ({ changed = {}, body, headers = {}, id = "4711" } = {}) =>
    post(`/github/app/installations/${id}/access_tokens`, {
      headers: { Authorization: `Bearer ${await sign(changed)}`, ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });

  const all = await ask();
  assert.equal(all.status, 201);
  assert.match(all.body.token, /^ghs_815_/);
  assert.equal(all.body.token, authority.issued.at(-1));
  assert.match(all.body.expires_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(all.body.permissions, { contents: "write", metadata: "read" });

  const one = await ask({ body: { repositories: ["broker"], permissions: { contents: "read" } } });
  assert.deepEqual(
    one.body.repositories.map(({ name }) => name),
    ["broker"],
  );
  assert.deepEqual(one.body.permissions, { contents: "read" });

  for (const [options, status, words] of [
    [{ body: { repositories: ["else"] } }, 422, /at least one repository that does not exist/],
    [{ body: { permissions: { contents: "admin" } } }, 422, /permissions requested are not granted/],
    [{ changed: { exp: now() + 700 } }, 401, /too far in the future/],
    [{ changed: { exp: now() - 1 } }, 401, /future time at which the assertion expires/],
    [{ changed: { iat: now() + 60 } }, 401, /'Issued at' claim/],
    [{ changed: { iss: "else" } }, 404, /Integration not found/],
    [{ id: "4712" }, 404, /Not Found/],
    [{ headers: { Authorization: "Bearer x" } }, 401, /could not be decoded/],
  ]) {
    const reply = await ask(options);
    assert.equal(reply.status, status, words);
    assert.match(reply.body.message, words);
    assert.ok(reply.body.documentation_url);
  }
});

test("GitHub refuses a request without User-Agent", async () => {
  const sent = request(`${authority.url}/github/app/installations/4711/access_tokens`, { method: "POST" }).end();
  const [response] = await once(sent, "response");
  response.resume();
  assert.deepEqual([response.statusCode, response.headers["content-type"]], [403, "text/html"]);
});
