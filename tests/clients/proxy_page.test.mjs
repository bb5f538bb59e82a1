// The page of docs/proxy.md, with the configuration of docs/proxy.md: in the rules of the Fetch standard, and in Chromium
// where this machine has one. Its users sign in, and it lists people of Microsoft Graph without a token.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parse } from "smol-toml";

import { AUDIENCE, Issuer } from "../workerd/harness/issuer.mjs";
import { newKey } from "../workerd/harness/jose.mjs";
import { BROWSERS } from "./harness/browsers.mjs";
import { block } from "./harness/docs.mjs";
import { openProxied } from "./harness/proxied.mjs";
import { APP, SignIn, Site } from "./harness/site.mjs";

const PEOPLE = ["Ada Lovelace", "Grace Hopper", "Katherine Johnson"];

/** As Access: it takes its cookie, adds the JWT, and lets a preflight pass. A cookie is no part of what the broker gets. */
const ACCESS = `
export default {
  fetch(request, env) {
    const [, jwt] = /CF_Authorization=([^;]+)/.exec(request.headers.get("Cookie") ?? "") ?? [];
    if (!jwt && request.method !== "OPTIONS") return new Response("sign in", { status: 403 });
    const headers = new Headers(request.headers);
    headers.delete("Cookie");
    if (jwt) headers.set("Cf-Access-Jwt-Assertion", jwt);
    return env.BROKER.fetch(new Request(request, { headers }));
  },
};`;

/** A page that sends and reads more than the one of docs/proxy.md. */
const FIELDS = `
const API = "https://broker.example.com/api/graph";

export async function change() {
  const headers = { "if-match": 'W/"1"', "content-type": "application/json", traceparent: "00-0-0-01" };
  const init = { method: "PATCH", headers, body: "{}", credentials: "include" };
  const response = await fetch(API + "/users/ada", init);
  return { status: response.status, etag: response.headers.get("etag") };
}

export async function read() {
  const response = await fetch(API + "/users/throttled", { credentials: "include" });
  const [after, id] = ["retry-after", "request-id"].map((name) => response.headers.get(name));
  return { status: response.status, after, id };
}`;

let site;
let other;
let stranger;
let signIn;
let access;
let proxied;
let behindAccess;

before(async () => {
  [site, other, stranger] = await Promise.all([Site.start(), Site.start(), Site.start()]);
  signIn = await SignIn.start();
  access = await Issuer.start(newKey("RS256"));
  const { board } = documented().CLIENTS;
  const jwt = [{ ...board.jwt[0], issuer: signIn.issuer, audience: APP }];
  const clients = {
    board: { ...board, jwt, origins: [site.origin] },
    // It lists another page. Its users have another role.
    other: { ...board, jwt: [{ ...jwt[0], claims: { roles: "Other.Use" } }], origins: [other.origin] },
    people: {
      origins: [site.origin],
      allow: [{ api: "graph", methods: ["GET", "PATCH"] }],
      jwt: [{ issuer: access.url, audience: AUDIENCE, subject: "ada" }],
    },
  };
  proxied = await openProxied({ clients });
  behindAccess = await openProxied({ clients, front: ACCESS });
});
after(async () => {
  await proxied?.close();
  await behindAccess?.close();
  await signIn?.close();
  await access?.close();
});

/** The documented bindings. */
const documented = () => JSON.parse(JSON.stringify(parse(block("proxy-board").text).vars));

/** The page as its operator has it, at a site. */
function publish(at, { grants = "users" } = {}) {
  const { url } = proxied;
  const html = block("proxy-page").text;
  const own = html
    .replace("https://edge-token-broker.example.workers.dev/api", url)
    .replace("https://login.microsoftonline.com/<tenant id>/oauth2/v2.0", signIn.url)
    .replace("<client id of Board>", APP)
    .replace("/users?", `/${grants}?`);
  assert.ok(!own.includes("<client id"));
  at.html = own;
  signIn.redirectUri = `${at.origin}/`;
}

test("the page names what the configuration has", () => {
  const { APIS, CLIENTS } = documented();
  assert.ok(block("proxy-page").text.includes(`.replace("${APIS.graph.base}", API)`));
  assert.deepEqual(CLIENTS.board.origins, ["https://board.example.com"]);
  assert.deepEqual(CLIENTS.board.allow, [{ api: "graph", methods: ["GET"], paths: ["users"] }]);
});

for (const { name, open, skip } of BROWSERS) {
  describe(`in ${name}`, { skip }, () => {
    let browser;
    before(async () => (browser = await open()));
    after(() => browser?.close());

    test("the page signs its user in and lists everybody, over all pages of the list", async () => {
      publish(site);
      const { people, problem } = await browser.visit(`${site.origin}/`);
      assert.equal(problem, "");
      assert.deepEqual(people, PEOPLE);
      assert.ok(proxied.apis.graph.last.token, "the API got a token");
      for (const token of proxied.world.authority.issued)
        assert.ok(!browser.traffic.includes(token), "no token in the browser");
    });

    test("what is not granted is told to the page in the broker's words", async () => {
      publish(site, { grants: "groups" });
      const received = proxied.apis.graph.received.length;
      const { people, problem } = await browser.visit(`${site.origin}/`);
      assert.deepEqual(people, []);
      assert.match(problem, /^Broker: 403 .*path.* \([\w-]+\)$/);
      assert.equal(proxied.apis.graph.received.length, received);
    });

    test("an error of the API is told to the page as the API's", async () => {
      publish(site, { grants: "users" });
      proxied.apis.graph.fails = {
        status: 403,
        body: { error: { code: "Authorization_RequestDenied", message: "Insufficient privileges." } },
      };
      const { problem } = await browser.visit(`${site.origin}/`);
      proxied.apis.graph.fails = undefined;
      assert.equal(problem, "Microsoft Graph: 403 Insufficient privileges.");
    });

    test("a user without the role is refused, and the page can read why", async () => {
      publish(site);
      const { roles } = signIn.claims;
      signIn.claims.roles = [];
      const { problem } = await browser.visit(`${site.origin}/`);
      signIn.claims.roles = roles;
      assert.match(problem, /^Broker: 401 /);
    });

    test("a page whose origin another client lists sees a network error", async () => {
      publish(other);
      const { people, problem } = await browser.visit(`${other.origin}/`);
      assert.deepEqual(people, []);
      assert.match(problem, /Failed to fetch/);
    });

    describe("behind Cloudflare Access", () => {
      /** Calls a function of a module in a page of a user who is signed in. */
      const call = async (at, module, name, path = "/") => {
        const { origin } = new URL(behindAccess.world.broker.url);
        await browser.setCookie(origin, `CF_Authorization=${access.sign({ sub: "ada" })}`);
        const source = module.replace("https://broker.example.com/api", behindAccess.url);
        return browser.call(at.origin + path, source, name);
      };
      const people = (at) => call(at, block("proxy-access").text, "people");

      test("the page sends no proof, and reads the answer", async () => {
        site.html = "<!doctype html><title>Board</title>";
        const value = await people(site);
        assert.deepEqual(
          value.map(({ displayName }) => displayName),
          PEOPLE.slice(0, 2),
        );
        assert.equal(behindAccess.apis.graph.last.headers.cookie, undefined);
      });

      test("the page uses any method that is granted, sends any field, and reads all fields of the answer", async () => {
        const changed = await call(site, FIELDS, "change");
        assert.deepEqual(changed, { status: 204, etag: 'W/"2"' });
        assert.equal(behindAccess.apis.graph.last.headers["if-match"], 'W/"1"');
        const throttled = await call(site, FIELDS, "read");
        assert.equal(throttled.status, 429);
        assert.equal(throttled.after, "10");
        assert.match(throttled.id, /^[0-9a-f-]{36}$/);
      });

      test("a page on the broker's own hostname needs no origin that is listed", async () => {
        const { origin } = new URL(behindAccess.world.broker.url);
        const own = FIELDS.replace("https://broker.example.com", "");
        assert.equal((await call({ origin }, own, "change", "/healthz")).status, 204);
        assert.equal((await call({ origin }, own, "read", "/healthz")).after, "10");
      });

      for (const [what, at, seen] of [
        ["that another client lists is told why it is refused", () => other, /^Error: 403: .*"insufficient_scope"/],
        ["that nobody lists sees a network error", () => stranger, /Failed to fetch/],
      ]) {
        test(`a page of an origin ${what}, and the API gets nothing`, async () => {
          at().html = "<!doctype html><title>Other</title>";
          const received = behindAccess.apis.graph.received.length;
          await assert.rejects(people(at()), (error) => seen.test(String(error).replace("Error: Error: ", "Error: ")));
          assert.equal(behindAccess.apis.graph.received.length, received);
        });
      }
    });
  });
}
