// openapi.yaml promises nothing about `/api/…` that does not exist: each status of each operation is the answer to some
// request, so is each error code, and an answer of the broker says that it is one.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { sendTo } from "./harness/addressed.mjs";
import { GRAPH, REPORTS } from "./harness/fixtures.mjs";
import { ADMITS_NOBODY } from "./harness/fronts.mjs";
import { document } from "./harness/openapi.mjs";
import { Recorder, answer } from "./harness/recorder.mjs";
import { openWorld } from "./harness/world.mjs";

const PAGE = "https://board.example";
/** Without randomness a request without an id panics. */
const PANICS = `
export { TokenCoordinator } from "./index.js";
crypto.getRandomValues = () => { throw new Error("told to fail"); };`;

const APIS = { api: GRAPH, refused: "https://refused.example/.default", failing: "https://failing.example/.default" };

let recorder, usual, limited, panicking;
before(async () => {
  recorder = await Recorder.start(({ target }) =>
    target.startsWith("/silent") ? undefined : answer(418, "tea", "Content-Type: text/plain"),
  );
  const entry = (scope, more) => ({ base: recorder.url, credential: "default", scope, ...more });
  const apis = {
    ...Object.fromEntries(Object.entries(APIS).map(([name, scope]) => [name, entry(scope)])),
    closed: { ...entry(GRAPH), base: "http://127.0.0.1:1" },
    silent: { ...entry(GRAPH), base: `${recorder.url}/silent`, first_byte_timeout: 1 },
  };
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];
  const allow = Object.keys(apis).map((api) => ({ api, methods }));
  const bindings = {
    APIS: { ...apis, forbidden: entry(GRAPH) },
    CLIENTS: { [REPORTS.id]: { key_sha256: [REPORTS.digest], allow, origins: [PAGE] } },
  };
  usual = await openWorld({ bindings });
  limited = await openWorld({ bindings, beside: { API_RATE_LIMIT: ADMITS_NOBODY } });
  panicking = await openWorld({ bindings, coordinator: { source: PANICS }, breaks: true });
});
after(async () => {
  await Promise.all([usual, limited, panicking].map((world) => world?.close()));
  await recorder?.close();
});

const bearer = (key) => ({ Authorization: `Bearer ${key}` });

const ask = (world, method, path, { key = REPORTS.key, headers = {} } = {}) =>
  world.fetch(path, { method, headers: { ...bearer(key), ...headers } });

const at = (template, name) => template.replace("{name}", name).replace("{path}", "a/b");

/** The same while the authorization server fails for the scope of the API. */
function askWhile(fault, method, template, name) {
  usual.authority.next({ scope: APIS[name], ...fault });
  return ask(usual, method, at(template, name));
}

/** The request that gets each status. */
const OF_STATUS = {
  400: (method, template) => ask(usual, method, `${at(template, "api")}?${"a".repeat(17_000)}`),
  401: (method, template) => ask(usual, method, at(template, "api"), { key: "wrong" }),
  403: (method, template) => ask(usual, method, at(template, "forbidden")),
  429: (method, template) => ask(limited, method, at(template, "api")),
  500: (method, template) => ask(panicking, method, at(template, "api")),
  502: (method, template) => ask(usual, method, at(template, "closed")),
  503: (method, template) => askWhile({ throttle: { retryAfter: 1 } }, method, template, "failing"),
  504: (method, template) => ask(usual, method, at(template, "silent")),
  200: (method, template) => {
    const asks = { Origin: PAGE, "Access-Control-Request-Method": "DELETE" };
    return usual.fetch(at(template, "api"), { method, headers: asks });
  },
};

const METHODS = ["get", "head", "post", "put", "patch", "delete", "options"];
const operations = Object.entries(document.paths)
  .filter(([template]) => template.startsWith("/api/"))
  .flatMap(([template, item]) =>
    METHODS.map((method) => ({ method: method.toUpperCase(), template, operation: item[method] })),
  );

describe("each status is the answer to a request, and says that the broker made it", { concurrency: true }, () => {
  for (const { method, template, operation } of operations)
    test(`${method} ${template}`, async () => {
      for (const status of Object.keys(operation.responses).map(Number).filter(Boolean)) {
        const reply = await OF_STATUS[status](method, template);
        assert.equal(reply.status, status, reply.text);
        const isPreflight = status === 200;
        if (!isPreflight) assert.match(reply.headers.get("cache-status"), /^edge-token-broker; detail=/);
      }
    });
});

describe("what the API answers is handed on as it is", { concurrency: true }, () => {
  for (const { method, template } of [...operations, { method: "PROPFIND", template: "/api/{name}/{path}" }])
    test(`${method} ${template}`, async () => {
      const { status, text, headers } = await ask(usual, method, at(template, "api"));
      assert.deepEqual([status, text], [418, method === "HEAD" ? "" : "tea"]);
      assert.equal(headers.get("cache-status"), null);
    });
});

test("each error code of a 502 is in the answer to a request", async () => {
  const [refused, closed] = [
    await askWhile({ refuse: 7000215 }, "GET", "/api/{name}", "refused"),
    await ask(usual, "GET", "/api/closed"),
  ];
  assert.deepEqual([refused.status, refused.body.error], [502, "server_error"]);
  assert.deepEqual([closed.status, closed.body.error], [502, "temporarily_unavailable"]);
  const { schema } = document.components.responses.ProxyBadGateway.content["application/json"];
  assert.equal(schema.allOf[1].properties.error.oneOf.length, 2);
});

test("plain http is refused for every method, also without a proof", async () => {
  for (const { method, template } of operations)
    for (const headers of [bearer(REPORTS.key), {}]) {
      const { status } = await sendTo(usual, { host: "broker.example", path: at(template, "api"), method, headers });
      assert.equal(status, 400);
    }
});

test("`/api` and `/api/` are no paths", async () => {
  for (const path of ["/api", "/api/"]) assert.equal((await ask(usual, "GET", path)).status, 404);
});
