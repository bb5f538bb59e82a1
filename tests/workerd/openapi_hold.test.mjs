// What holds the answers of the Worker against openapi.yaml finds what differs; and the document names what the sources
// read.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { parse } from "smol-toml";

import { assertDocumented, deviations, document, requestDeviations } from "./harness/openapi.mjs";
import { withWorld } from "./harness/world.mjs";

const ROOT = new URL("../../", import.meta.url);
const source = (path) => readFileSync(new URL(path, ROOT), "utf8");

const COMMON = {
  "content-type": "application/json",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-request-id": "id",
};
const TOKEN = { token_type: "Bearer", expires_in: 3600, access_token: "token" };
const SLOW_DOWN = { error: "slow_down", error_description: "wait" };
const METADATA = "/a/.well-known/openid-configuration";

/** What differs in an answer to `GET /token`, which is as the document says but for what is given. */
const found = ({
  method = "GET",
  path = "/token",
  status = 200,
  headers = {},
  body = TOKEN,
  text = JSON.stringify(body),
}) => {
  const usual =
    status === 200
      ? { "cache-status": "edge-token-broker; hit; ttl=5; detail=kv" }
      : { "retry-after": "10", ratelimit: `"client";r=0` };
  const all = Object.entries({ ...COMMON, pragma: "no-cache", ...usual, ...headers }).filter(
    ([, value]) => value !== undefined,
  );
  return deviations({ method, path, status, headers: new Headers(all), text });
};

test("an answer that the document has is good", () => {
  assert.deepEqual(found({}), []);
  assert.deepEqual(found({ method: "HEAD", text: "" }), []);
  assert.deepEqual(found({ status: 429, body: SLOW_DOWN }), []);
  assert.deepEqual(found({ body: { ...TOKEN, instance_url: "https://a.example" } }), []);
});

for (const [what, answer, words] of [
  ["a status", { status: 418 }, /the status is not one of 200, 400, 401/],
  ["a missing header", { headers: { "cache-status": undefined } }, /the header Cache-Status is missing/],
  ["another header", { headers: { "x-powered-by": "love" } }, /the header x-powered-by is not in the document/],
  ["a header's syntax", { headers: { "cache-status": "edge-token-broker; hit" } }, /Cache-Status must match pattern/],
  ["a header's value", { headers: { pragma: "cache" } }, /the header Pragma must be equal to constant/],
  [
    "a header's number",
    { status: 429, body: SLOW_DOWN, headers: { "retry-after": "soon" } },
    /Retry-After must be integer/,
  ],
  [
    "a number out of range",
    { status: 429, body: SLOW_DOWN, headers: { "retry-after": "0" } },
    /Retry-After must be >= 1/,
  ],
  ["a media type", { headers: { "content-type": "text/html" } }, /the Content-Type is not application\/json/],
  ["a body that is no JSON", { text: "<html>" }, /the body is no JSON/],
  ["a body of HEAD", { method: "HEAD" }, /HEAD has a body/],
  ["a missing member", { body: { ...TOKEN, expires_in: undefined } }, /must have required property 'expires_in'/],
  ["a member's type", { body: { ...TOKEN, expires_in: "3600" } }, /\/expires_in must be integer/],
  [
    "a member that no token has",
    { body: { ...TOKEN, refresh_token: "x" } },
    /property name must be valid refresh_token/,
  ],
  ["another member", { status: 429, body: { ...SLOW_DOWN, trace_id: "x" } }, /additional properties trace_id/],
  ["another code", { status: 429, body: { ...SLOW_DOWN, error: "too_fast" } }, /\/error must be equal to constant/],
  ["another path", { path: "/tokens" }, /the status is not one of 400, 404, 500/],
  ["another method", { method: "PUT" }, /the status is not one of 400, 405, 500/],
  [
    "another path in the place of a parameter",
    { path: "/a/b/oauth2/v2.0/token" },
    /the status is not one of 400, 404, 500/,
  ],
  ["a document that nobody may keep", { path: METADATA }, /Cache-Control must be equal to constant/],
]) {
  test(`${what} that the document does not have is found`, () => assert.match(found(answer).join(), words));
}

/** What differs in an answer at `/api/…` with these `headers` beside those of each error. */
const atApi = ({ method = "GET", path = "/api/graph/v1.0/users", status = 418, headers = {}, body = {} }) =>
  deviations({ method, path, status, headers: new Headers(headers), text: JSON.stringify(body) });

test("what an API answered is free, what the broker answers at its path is not", () => {
  const own = { ...COMMON, pragma: "no-cache", "cache-status": "edge-token-broker; detail=api_timeout" };
  const body = { error: "temporarily_unavailable", error_description: "wait" };
  assert.deepEqual(atApi({}), []);
  assert.deepEqual(atApi({ status: 200, headers: { "cache-status": "edge; hit" } }), []);
  for (const path of ["/api/graph", "/api/graph/", "/api/graph/a/b//c", "/api/gr%61ph/a"])
    for (const method of ["GET", "PROPFIND"])
      assert.deepEqual(atApi({ method, path, status: 504, headers: own, body }), [], `${method} ${path}`);
  assert.match(atApi({ headers: own }).join(), /the status is not one of 400, 401, 403/);
  assert.match(atApi({ status: 504, headers: { ...own, pragma: "" }, body }).join(), /Pragma must be/);
  assert.match(atApi({ status: 504, headers: own, body: { error: "a" } }).join(), /the body must have/);
  const preflight = { ...COMMON, "access-control-allow-methods": "GET, POST" };
  assert.match(atApi({ method: "OPTIONS", status: 200, headers: preflight }).join(), /Allow-Methods must match/);
});

/** What differs in a token request. */
const inForm = (form) =>
  requestDeviations({
    method: "POST",
    path: "/oauth2/v2.0/token",
    query: new URLSearchParams(),
    form: new URLSearchParams(form),
  });
const inQuery = (path, query) => requestDeviations({ method: "GET", path, query: new URLSearchParams(query) });

test("a request that the document has is good", () => {
  const grant = "grant_type=client_credentials";
  for (const form of [
    grant,
    `${grant}&client_id=a&client_secret=b&scope=c&unknown=d`,
    `${grant}&resource=a&resource=b`,
  ])
    assert.deepEqual(inForm(form), []);
  assert.deepEqual(inQuery("/token", "min_ttl=60&scope=&scope=a&unknown=b"), []);
});

test("a request that the document does not have is found", () => {
  assert.match(inForm("scope=a").join(), /the form must have required property 'grant_type'/);
  assert.match(inForm("grant_type=client_credentials&client_secret=a").join(), /must have property client_id/);
  assert.match(inForm("grant_type=client_credentials&req_cnf=a").join(), /\/req_cnf must NOT have more than 0/);
  assert.match(inQuery("/token", "min_ttl=soon").join(), /the parameter min_ttl must be integer/);
  assert.match(inQuery("/msi/token", "api-version=2019-08-01").join(), /the parameter resource is missing/);
});

test("what is found has no value of the answer", () => {
  const secret = "a".repeat(20);
  const answers = [
    { body: { ...TOKEN, access_token: `${secret}\u007f`, token_type: secret } },
    { headers: { "cache-status": secret, pragma: secret } },
  ];
  for (const answer of answers) {
    const deviating = found(answer);
    assert.ok(deviating.length > 0 && !deviating.join().includes(secret), deviating.join());
  }
});

test("a test with such an answer fails, and its message says what differs", () =>
  withWorld({ front: `export default { fetch: () => Response.json({ token: "x" }) };` }, async (world) => {
    await assert.rejects(
      world.fetch("/healthz"),
      /openapi.yaml does not have this answer to GET \/healthz, 200:\n {2}the header X-Request-Id is missing/,
    );
    assert.throws(() =>
      assertDocumented({ method: "GET", path: "/healthz", status: 200, headers: new Headers(), text: "" }),
    );
  }));

/** The texts of a constant of the sources in `folder`, and of those that it is made of. */
function textsOf(name, sources) {
  const declared = new RegExp(`const ${name}\\b[^=]*=([\\s\\S]*?)[\\]}"]\\s*;`).exec(sources)?.[0] ?? "";
  const parts = declared.match(/\b[A-Z][A-Z_]+\b/g)?.filter((part) => part !== name) ?? [];
  const texts = [...declared.matchAll(/"([\w-]+)"/g)].map(([, text]) => text);
  return [...texts, ...parts.flatMap((part) => textsOf(part, sources))];
}

const { schemas, parameters, securitySchemes } = document.components;
const named = (place) =>
  Object.values(parameters)
    .filter((parameter) => parameter.in === place)
    .map(({ name }) => name);
const sorted = (names) => [...new Set(names)].sort();

test("each parameter that the sources read is in the document", () => {
  const files = readdirSync(new URL("src/http/", ROOT)).filter((name) => name.endsWith(".rs"));
  const read = files.flatMap((name) => {
    const own = source(`src/http/${name}`);
    return own.includes("const PARAMETERS") ? textsOf("PARAMETERS", own + source("src/http/form.rs")) : [];
  });
  const forms = [schemas.TokenRequest, schemas.RevocationRequest].flatMap(({ properties }) => Object.keys(properties));
  assert.ok(read.length > 20, `${read}`);
  assert.deepEqual(sorted(read), sorted([...forms, ...named("query")]));
});

/** They come from the platform, or are about the body. */
const NO_PARAMETERS = ["cf-connecting-ip", "content-length", "content-type"];

test("each header that the sources read is in the document", () => {
  const files = readdirSync(new URL("src/adapters/", ROOT)).filter((name) => /^(request|worker)\./.test(name));
  const sources = files.map((name) => source(`src/adapters/${name}`)).join("\n");
  const inCalls = sources.matchAll(/(?:headers\.(?:get|has)\(|header\([^,()]*, )"([\w-]+)"\)/g);
  const inCore = source("src/http/exchange/preflight.rs").matchAll(/const REQUESTED_\w+: &str = "([\w-]+)";/g);
  const read = [...inCalls, ...inCore].map(([, name]) => name);
  const schemes = Object.values(securitySchemes).map(({ type, name }) => (type === "http" ? "authorization" : name));
  const known = [...named("header"), ...schemes.filter(Boolean), ...NO_PARAMETERS].map((name) => name.toLowerCase());
  assert.deepEqual(sorted(read), sorted(known));
});

test("the version of the document is that of the Worker", () => {
  assert.equal(document.info.version, parse(source("Cargo.toml")).package.version);
});
