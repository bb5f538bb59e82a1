// openapi.yaml promises nothing that does not exist: each status of each operation is the answer to some request, so is
// each error code, and the Worker reads each parameter. The harness holds these answers, as all others, against the document.
// openapi_proxy.test.mjs has the same for `/api/…`.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { sendTo } from "./harness/addressed.mjs";
import { CLIENTS, GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { ADMITS_NOBODY } from "./harness/fronts.mjs";
import { document } from "./harness/openapi.mjs";
import { openWorld } from "./harness/world.mjs";

const PAGE = "https://board.example";
const TENANT = "contoso.onmicrosoft.com";
/** What can be neither a tenant nor the name of a credential. */
const ILL_FORMED = "a%20b";

/** Without randomness a request without an id panics. */
const PANICS = `
export { TokenCoordinator } from "./index.js";
crypto.getRandomValues = () => { throw new Error("told to fail"); };`;

let usual, limited, faulty, panicking;
before(async () => {
  const origins = { CLIENTS: { ...CLIENTS, [REPORTS.id]: { ...CLIENTS[REPORTS.id], origins: [PAGE] } } };
  usual = await openWorld({ bindings: origins });
  limited = await openWorld({ beside: { CLIENT_RATE_LIMIT: ADMITS_NOBODY } });
  faulty = await openWorld({ bindings: { AZ_TENANT: undefined } });
  panicking = await openWorld({ coordinator: { source: PANICS }, breaks: true });
});
after(() => Promise.all([usual, limited, faulty, panicking].map((world) => world?.close())));

const bearer = (key) => ({ Authorization: `Bearer ${key}` });
const basic = (key) => ({ Authorization: `Basic ${btoa(`${REPORTS.id}:${key}`)}` });
const identity = (key) => ({ "X-IDENTITY-HEADER": key });

/** How the routes that take a proof are asked: the headers, and the parameters of a request for `scope`. */
const PROVEN = {
  "/token": [bearer, (scope) => ({ scope })],
  "/oauth2/v2.0/token": [basic, (scope) => ({ grant_type: "client_credentials", scope })],
  "/{credential}/oauth2/v2.0/token": [basic, (scope) => ({ grant_type: "client_credentials", scope })],
  "/revoke": [bearer, (scope) => ({ token: "t", scope })],
  "/msi/token": [identity, (scope) => ({ "api-version": "2019-08-01", resource: scope.replace("/.default", "") })],
};

const filled = (template, segment) =>
  template.replace("{tenant}", segment ?? TENANT).replace("{credential}", segment ?? "default");

/** A request to a route that takes a proof, with more `parameters`: pairs, or an object. */
function ask(world, method, template, { key = REPORTS.key, scope = GRAPH, parameters = {} } = {}) {
  const [proof, wanted] = PROVEN[template];
  const sent = new URLSearchParams([...Object.entries(wanted(scope)), ...new URLSearchParams(parameters)]);
  const init = { method, headers: proof(key) };
  if (method === "POST") return world.fetch(filled(template), { ...init, body: sent });
  return world.fetch(`${filled(template)}?${sent}`, init);
}

/** The same while the authorization server fails. `POST /revoke` asks it if the token is in hand. */
async function askWhile(faults, method, template, parameters = {}) {
  const scope = usual.newScope();
  const token = template === "/revoke" ? (await usual.getToken({ scope })).body.access_token : undefined;
  usual.authority.next(...faults.map((fault) => ({ scope, ...fault })));
  if (token === undefined) return ask(usual, method, template, { scope, parameters });
  return usual.fetch("/revoke", { method, headers: bearer(REPORTS.key), body: new URLSearchParams({ token, scope }) });
}

const overPlainHttp = (method, template) =>
  sendTo(usual, { host: "broker.example", path: filled(template), method, headers: bearer(REPORTS.key) });

/** The request that gets each status, of a route that takes a proof. */
const OF_PROVEN = {
  200: (...route) => ask(usual, ...route),
  400: (...route) => ask(usual, ...route, { parameters: { claims: "no JSON", object_id: "no application" } }),
  401: (...route) => ask(usual, ...route, { key: "wrong" }),
  403: (method, template) => {
    const isTokenEndpoint = template.endsWith("/oauth2/v2.0/token"); // there it is for MSAL only
    return isTokenEndpoint
      ? askWhile([{ refuse: 7000215 }], method, template, { "x-client-SKU": "msal.js.node" })
      : ask(usual, method, template, { scope: "https://other.example/.default" });
  },
  404: (method, template) => usual.fetch(filled(template, ILL_FORMED), { method }),
  413: (...route) => ask(usual, ...route, { parameters: { padding: "x".repeat(17_000) } }),
  429: (...route) => ask(limited, ...route),
  500: (...route) => ask(panicking, ...route),
  502: (method, template) => {
    const isRefused = template !== "/msi/token"; // there a refusal is 403
    return askWhile(isRefused ? [{ refuse: 7000215 }] : [{ garbage: "html" }, { garbage: "html" }], method, template);
  },
  503: (...route) => ask(faulty, ...route),
};

/** … of a route that takes none. */
const OF_PUBLIC = {
  200: (method, template) => usual.fetch(filled(template), { method }),
  400: (method, template) =>
    template.endsWith("/authorize") ? usual.fetch(filled(template), { method }) : overPlainHttp(method, template),
  404: (method, template) => usual.fetch(filled(template, ILL_FORMED), { method }),
  500: (method, template) => panicking.fetch(filled(template), { method }),
  503: (method, template) => faulty.fetch(filled(template), { method }),
};

const OF_PREFLIGHT = {
  200: (method, template) => usual.fetch(filled(template), { method, headers: { Origin: PAGE } }),
  400: overPlainHttp,
  404: (method, template) => usual.fetch(filled(template, ILL_FORMED), { method }),
  405: (method, template) => usual.fetch(filled(template), { method }),
  500: (method, template) => panicking.fetch(filled(template), { method }),
};

const operations = Object.entries(document.paths)
  .filter(([template]) => !template.startsWith("/api/"))
  .flatMap(([template, item]) =>
    ["get", "head", "post", "options"]
      .filter((method) => method in item)
      .map((method) => ({ method: method.toUpperCase(), template, operation: item[method] })),
  );

describe("each status is the answer to a request", { concurrency: true }, () => {
  for (const { method, template, operation } of operations)
    test(`${method} ${template}`, async () => {
      const requests = method === "OPTIONS" ? OF_PREFLIGHT : template in PROVEN ? OF_PROVEN : OF_PUBLIC;
      for (const status of Object.keys(operation.responses).map(Number)) {
        const reply = await requests[status](method, template);
        assert.equal(reply.status, status, reply.text);
      }
    });
});

const post = (path, init, form) => usual.fetch(path, { method: "POST", ...init, body: new URLSearchParams(form) });
const asReports = { headers: basic(REPORTS.key) };
const tokenRequest = (form, path = "/oauth2/v2.0/token") =>
  post(path, asReports, { grant_type: "client_credentials", scope: GRAPH, ...form });
const revocation = (form) => post("/revoke", asReports, { token: "t", ...form });
const OTHER = "https://other.example";

/** The request that gets each error code, of the answers that have several. */
const OF_CODE = {
  BadRequest: {
    invalid_request: () => tokenRequest({ claims: "no JSON" }),
    unsupported_grant_type: () => tokenRequest({ grant_type: "password" }),
    invalid_scope: () => tokenRequest({ scope: OTHER }),
    unauthorized_client: () => tokenRequest({}, "/nobody/oauth2/v2.0/token"),
    invalid_target: () => tokenRequest({ resource: OTHER }),
  },
  BearerBadRequest: {
    invalid_request: () => usual.fetch("/token?claims=no", { headers: bearer(REPORTS.key) }),
    invalid_target: () => usual.fetch(`/token?resource=${OTHER}`, { headers: bearer(REPORTS.key) }),
  },
  RevocationBadRequest: {
    invalid_request: () => revocation({ claims: "no JSON" }),
    invalid_scope: () => revocation({ scope: OTHER }),
    unauthorized_client: () => revocation({ credential: "nobody" }),
  },
  RevocationUnauthorized: {
    invalid_client: () => post("/revoke", { headers: basic("wrong") }, { token: "t" }),
    invalid_token: () => post("/revoke", { headers: bearer("wrong") }, { token: "t" }),
  },
  UnsupportedResponseType: {
    unsupported_response_type: () => usual.fetch("/oauth2/v2.0/authorize"),
    invalid_request: () => overPlainHttp("GET", "/oauth2/v2.0/authorize"),
  },
};

/** The codes of an answer, if it has several. */
function codesOf({ content }) {
  const parts = content["application/json"]?.schema.allOf ?? [];
  const codes = parts.flatMap(({ properties }) => properties?.error?.oneOf ?? []);
  return codes.map(({ $ref }) => document.components.schemas[$ref.split("/").at(-1)].const);
}

describe("each error code is in the answer to a request", { concurrency: true }, () => {
  const documented = Object.entries(document.components.responses)
    .filter(([name]) => !name.startsWith("Proxy"))
    .map(([name, response]) => [name, codesOf(response)]);
  for (const [name, codes] of documented.filter(([, codes]) => codes.length > 0))
    test(name, async () => {
      for (const code of codes) {
        const { text } = await OF_CODE[name][code]();
        assert.equal(JSON.parse(text).error, code);
      }
    });
});

/** The parameters that may come several times (RFC 8707 §2). Two different ones are no grant's. */
const SEVERAL = ["resource", "audience"];

/** The names of the parameters of an operation in the query, or in the form. */
function parametersOf({ parameters = [], requestBody }) {
  const last = ({ $ref }) => $ref.split("/").at(-1);
  const form = requestBody?.content["application/x-www-form-urlencoded"].schema;
  if (form) return Object.keys(document.components.schemas[last(form)].properties);
  const known = parameters.map((reference) => document.components.parameters[last(reference)]);
  return known.filter((parameter) => parameter.in === "query").map(({ name }) => name);
}

describe("a proof over plain http is refused in the form that the route has", { concurrency: true }, () => {
  for (const { method, template } of operations)
    test(`${method} ${template}`, async () => {
      const { status } = await overPlainHttp(method, template);
      assert.equal(status, 400);
    });
});

describe("the Worker reads each parameter: it takes none twice", () => {
  for (const { method, template, operation } of operations) {
    if (!(template in PROVEN && ["GET", "POST"].includes(method))) continue;
    for (const name of parametersOf(operation))
      test(`${name} at ${method} ${template}`, async () => {
        const twice = [name, name].map((same, n) => [same, `https://${n}.example`]);
        const reply = await ask(usual, method, template, { parameters: twice });
        if (SEVERAL.includes(name)) return assert.ok([400, 403].includes(reply.status), reply.text);
        assert.equal(reply.status, 400, reply.text);
        assert.match(reply.text, new RegExp(`parameter ${name} was sent more than once`));
      });
  }
});
