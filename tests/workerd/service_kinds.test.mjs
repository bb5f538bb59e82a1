// Google's service accounts and GitHub's apps: tokens by JWTs that the stand-in verifies with a library, refusals in the
// server's own words, GitHub's rate limit. Nothing of a private key gets out, not a line of its PEM.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { decodeJwt, decodeProtectedHeader } from "jose";

import { assertHit, assertMiss, assertToken, assertTokenError, assertUnavailable } from "./harness/expect.mjs";
import { KEYS, credentialBindings, kindsAt, register } from "./harness/credentials.mjs";
import { REPORTS } from "./harness/fixtures.mjs";
import { openWorld } from "./harness/world.mjs";

const CLOUD = "https://www.googleapis.com/auth/cloud-platform";
const SHEETS = "https://www.googleapis.com/auth/spreadsheets";
const DELEGATED = "broker@stand-in.example";
const now = () => Date.now() / 1000;

let world;
let own;
let kinds;
before(async () => {
  world = await openWorld();
  kinds = kindsAt(world.authority.url, ["google", "github"]);
  const { bindings, grants } = credentialBindings(kinds);
  const { google, github } = bindings.CREDENTIALS;
  const app = github.github_app;
  const CREDENTIALS = {
    google,
    delegated: { ...google, subject: DELEGATED },
    stranger: { ...google, subject: "stranger@stand-in.example" },
    "google-key": { service_account: "OTHER_ACCOUNT" },
    github,
    "one-repository": { ...github, github_app: { ...app, repositories: ["website"] }, response_fields: undefined },
    "rate-limited": { ...github, github_app: { ...app, permissions: { metadata: "read" } } },
    "github-secondary": { ...github, github_app: { ...app, permissions: { contents: "write" } } },
    "github-key": { ...github, github_app: { ...app, client_id: "Iv23other" }, private_key: "SALESFORCE_KEY" },
    "no-installation": { ...github, github_app: { ...app, installation_id: "1" } },
    "no-repository": { ...github, github_app: { ...app, repositories: ["secret"] } },
    "no-permission": { ...github, github_app: { ...app, permissions: { administration: "write" } } },
  };
  const byGoogle = ["delegated", "stranger", "google-key"].map((credential) => ({ credential, scope: CLOUD }));
  const others = Object.keys(CREDENTIALS).filter((name) => CREDENTIALS[name].github_app);
  const allow = [
    ...grants,
    ...byGoogle,
    { credential: "google", scope: SHEETS },
    { credential: "google", scope: "mail" },
    ...others.map((credential) => ({ credential })),
  ];
  const file = JSON.parse(bindings.GOOGLE_KEY);
  own = {
    ...bindings,
    CREDENTIALS: JSON.parse(JSON.stringify(CREDENTIALS)),
    OTHER_ACCOUNT: JSON.stringify({ ...file, private_key: KEYS.salesforce }),
    SALESFORCE_KEY: KEYS.salesforce,
    CLIENTS: { [REPORTS.id]: { key_sha256: [REPORTS.digest], allow } },
  };
  register(world.authority, world.broker.url, kinds);
  const { app: known } = kinds.find(({ name }) => name === "github");
  world.authority.apps.push({ ...known, clientId: "Iv23other" });
  for (const line of [KEYS.google, KEYS.github, KEYS.salesforce].flatMap((text) => text.split("\n"))) {
    if (!line.startsWith("-----")) world.sweep.secret("line of a private key", line);
  }
  await world.restart(own);
});
after(() => {
  for (const { params, headers } of world?.authority.requests ?? []) {
    world.sweep.token(params.assertion ?? headers.authorization.split(" ")[1]);
  }
  return world?.close();
});

const ask = (credential, scope) => world.getToken({ credential, scope });
const post = (credential, scope) => world.postToken({ path: `/${credential}/oauth2/v2.0/token`, scope });
/** The requests to a server that came during `body`. */
async function requestsOf(body) {
  const { length } = world.authority.requests;
  const result = await body();
  return [result, world.authority.requests.slice(length)];
}

describe("Google", () => {
  test("a token by the key file: one signed JWT, and none for a hit", async () => {
    const [reply, [request, ...more]] = await requestsOf(() => ask("google", CLOUD));
    const token = assertToken(reply);
    assertMiss(reply);
    assert.deepEqual([more, request.path], [[], "/google/token"]);
    const { grant_type: grant, assertion, ...rest } = request.params;
    assert.deepEqual([grant, rest], ["urn:ietf:params:oauth:grant-type:jwt-bearer", {}]);
    const { kid } = kinds.find(({ name }) => name === "google").app.keys[0];
    assert.deepEqual(decodeProtectedHeader(assertion), { alg: "RS256", typ: "JWT", kid });
    const { iss, sub, aud, scope, iat, exp } = decodeJwt(assertion);
    assert.deepEqual(
      [iss, sub, aud, scope],
      ["broker@stand-in.iam.gserviceaccount.com", undefined, `${world.authority.url}/google/token`, CLOUD],
    );
    assert.ok(iat <= now() && exp - iat <= 3600, `${iat} ${exp}`);

    const [again, none] = await requestsOf(() => post("google", CLOUD));
    assertHit(again, "isolate");
    assert.deepEqual([again.body.access_token, none], [token, []]);
  });

  test("another scope, and another user, are other tokens", async () => {
    const [sheets, [first]] = await requestsOf(() => ask("google", SHEETS));
    const [delegated, [second]] = await requestsOf(() => ask("delegated", CLOUD));
    const tokens = [await ask("google", CLOUD), sheets, delegated].map(assertToken);
    assert.equal(new Set(tokens).size, 3);
    assert.equal(decodeJwt(first.params.assertion).scope, SHEETS);
    assert.equal(decodeJwt(second.params.assertion).sub, DELEGATED);
  });

  for (const [what, credential, words] of [
    ["a key of another account", "google-key", /Google says: Invalid JWT Signature; check that the service account/],
    [
      "a user without delegation",
      "stranger",
      /Google says: Client is unauthorized to retrieve access tokens using this method, .*; domain-wide delegation/,
    ],
  ]) {
    test(`${what} is 502 in Google's words`, async () => {
      const [reply, requests] = await requestsOf(() => ask(credential, CLOUD));
      assertTokenError(reply, 502, "server_error");
      assert.match(reply.body.error_description, words);
      assert.equal(requests.length, 1);
      assert.equal((await world.logOf(reply)).outcome, "credential_refused");
    });
  }

  test("a scope that Google refuses is the caller's, in Google's words", async () => {
    const words = "Invalid OAuth scope or ID token audience provided.";
    world.authority.next({ reply: { status: 400, body: { error: "invalid_scope", error_description: words } } });
    const reply = await post("google", "mail");
    assertTokenError(reply, 400, "invalid_scope");
    assert.equal(reply.body.error_description, words);
  });
});

describe("GitHub", () => {
  test("a token of an installation, with its permissions, by a JWT of the app", async () => {
    const [reply, [{ path, headers, body }, ...more]] = await requestsOf(() => ask("github"));
    assert.equal(reply.status, 200, reply.text);
    assertMiss(reply);
    const { access_token: token, token_type, expires_in, ...rest } = reply.body;
    assert.deepEqual([token_type, rest], ["Bearer", { permissions: { contents: "read" } }]);
    assert.ok(token.startsWith("ghs_") && expires_in > 3500 && expires_in <= 3600, `${expires_in}`);

    assert.deepEqual([more, path], [[], "/github/app/installations/4711/access_tokens"]);
    assert.deepEqual(JSON.parse(body), { permissions: { contents: "read" } });
    assert.match(headers["user-agent"], /./);
    const [scheme, jwt] = headers.authorization.split(" ");
    assert.deepEqual([scheme, decodeProtectedHeader(jwt).alg], ["Bearer", "RS256"]);
    const { iss, iat, exp } = decodeJwt(jwt);
    assert.ok(iss === "Iv23standin" && iat < now() && exp - now() <= 600, `${iss} ${iat} ${exp}`);

    const [again, none] = await requestsOf(() => post("github"));
    assertHit(again, "isolate");
    assert.deepEqual([again.body.access_token, again.body.permissions, none], [token, { contents: "read" }, []]);
  });

  test("one repository is another token", async () => {
    const [reply, [{ body }]] = await requestsOf(() => ask("one-repository"));
    assert.notEqual(assertToken(reply), (await ask("github")).body.access_token);
    assert.deepEqual(JSON.parse(body).repositories, ["website"]);
  });

  for (const [what, credential, words] of [
    [
      "a key of another app",
      "github-key",
      /GitHub says: A JSON web token could not be decoded; check that the private/,
    ],
    ["no such installation", "no-installation", /GitHub says: Not Found; check client_id, installation_id and api/],
    ["a repository too many", "no-repository", /GitHub says: There is at least one repository that does not exist or/],
    [
      "a permission too many",
      "no-permission",
      /GitHub says: The permissions requested are not granted to this install/,
    ],
  ]) {
    test(`${what} is 502 in GitHub's words`, async () => {
      const [reply, requests] = await requestsOf(() => ask(credential));
      assertTokenError(reply, 502, "server_error");
      assert.match(reply.body.error_description, words);
      assert.equal(requests.length, 1);
      assert.equal((await world.logOf(reply)).outcome, "credential_refused");
    });
  }

  test("403 with x-ratelimit-reset is 503 until then, and no request goes out before", async () => {
    world.authority.next({ throttle: { retryAfter: 90 } });
    const [reply, requests] = await requestsOf(() => ask("rate-limited"));
    const seconds = assertUnavailable(reply);
    assert.ok(seconds >= 85 && seconds <= 91, `${seconds}`);
    assert.match(reply.body.error_description, /throttles the broker/);
    assert.equal(requests.length, 1);
    const { outcome, upstream_status } = await world.logOf(reply);
    assert.deepEqual([outcome, upstream_status], ["upstream_unavailable", 403]);

    const [again, none] = await requestsOf(() => post("rate-limited"));
    const left = assertUnavailable(again);
    assert.ok(left >= 80 && left <= seconds, `${left}`);
    assert.deepEqual(none, []);
  });

  test("a secondary rate limit, with Retry-After and a limit that is not used up, is a throttle as well", async () => {
    const body = {
      message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    };
    const headers = { "Retry-After": "60", "x-ratelimit-remaining": "4999", "x-ratelimit-reset": "4102444800" };
    world.authority.next({ reply: { status: 403, headers, body } });
    assert.equal(assertUnavailable(await ask("github-secondary")), 60);
  });
});

test("tokens of both are in KV for other isolates, with their response fields", async () => {
  const before = [await ask("google", CLOUD), await ask("github")];
  await world.restart(own);
  const [replies, requests] = await requestsOf(async () => [await ask("google", CLOUD), await ask("github")]);
  for (const [index, reply] of replies.entries()) {
    assertHit(reply, "kv");
    assert.equal(reply.body.access_token, before[index].body.access_token);
  }
  assert.deepEqual(replies[1].body.permissions, { contents: "read" });
  assert.deepEqual(requests, []);
});
