// Attacks on the target of a request to an API: another server, or a path outside what the client is granted.

/** @import { Abuse } from "../abuses.mjs" */

import assert from "node:assert/strict";

import { GRAPH } from "../fixtures.mjs";
import { ASKING, BASE, assertClean, segmentsOf, withApi } from "../proxied.mjs";

/** What stands behind `/api/api`. `HOST` is the victim. */
const ESCAPES = [
  ..."/.. /../ /../x /../../x /./../x /a/../../x //../x /a//../../x".split(" "),
  ..."/%2e%2e/x /%2E%2e/x /.%2e/x /%2e./x /a/%2e%2e/%2e%2e/x".split(" "),
  ..."/..%2fx /..%2Fx /%2e%2e%2fx /a%2f..%2f..%2fx /%2f..%2fx /.%2fx /x%2f. /x%2f..".split(" "),
  ..."/..%5cx /%5c..%5cx /a%5c..%5c..%5cx /..\\x /\\..\\x \\..\\x \\x /a\\..\\..\\x /..%5C".split(" "),
  ..."/..; /..;/x /..;a=b/x /.;/x /%2e%2e;/x /..%3b/x /..%3B/..%3B/x /a;/..;/x /;/../x".split(" "),
  ..."/%252e%252e/x /%252e%252e%252fx /%25252e%25252e/x /..%252fx /..%25255cx /%25%32%65%25%32%65/x".split(" "),
  ..."/%c0%ae%c0%ae/x /%c0%ae./x /%e0%80%ae%e0%80%ae/x /%f0%80%80%ae./x /..%c0%afx /..%c1%9cx".split(" "),
  ..."/%uff0e%uff0e/x /%ff /%fe%fe%ff%ff /%ed%a0%80 /%f4%90%80%80 /%80".split(" "),
  ..."/\xff\xfe /\xc3\xa9/../x /\xc0\xae\xc0\xae/x /\xef\xbc\x8e\xef\xbc\x8e/x".split(" "),
  ..."/%00 /a%00/../x /..%00/x /.%00./x /..%0a/x /..%09/x /%0d%0aHost:%20HOST /a%0d%0a%0d%0aGET%20/x /%7f /%1b".split(
    " ",
  ),
  ..."/% /x/%g0 /x/%2 /x/%%32%65 /%2e%2 /x%".split(" "),
  ..."//HOST/x ///HOST/x /\\\\HOST/x \\\\HOST/x /%2f%2fHOST/x /%5c%5cHOST/x //HOST%2f..%2fx".split(" "),
  ..."@HOST/x :80@HOST/x /@HOST/x .HOST/x :1/x /x@HOST /http://HOST/x /http:/HOST /x:@HOST/".split(" "),
  ..."?@HOST #@HOST /x#/../../y /x?/../../y /x?a=http://HOST /x?#@HOST ?/../../x /?%2f..%2f..".split(" "),
  "/x\x01",
  "/x\x7f",
  "/x y",
  "/x\t/../../y",
  `/${"../".repeat(2000)}x`,
  `/${"%2e%2e%2f".repeat(2000)}x`,
  `/${"a/".repeat(2000)}${"..%2f".repeat(2001)}x`,
  `/%${"25".repeat(5000)}2e%${"25".repeat(5000)}2e/x`,
  `/${"a".repeat(100_000)}`,
  `/${"%61".repeat(33_000)}`,
  `?${"a".repeat(100_000)}`,
];

/** Whole request targets. */
const TARGETS = [
  ..."http://HOST/base/x http://HOST/api/api/x https://HOST/api/api/x HTTP://HOST/api/api/../x //HOST/api/api/x".split(
    " ",
  ),
  ..."http://user@HOST/api/api/x http://HOST@localhost/api/api/x http://localhost@HOST/api/api/x http:/api/api/x".split(
    " ",
  ),
  ..."http:HOST/api/api/x ftp://HOST/api/api/x file:///api/api/x javascript:x HOST * /api api/api/x /api/ /api//x".split(
    " ",
  ),
  ..."/api/%61pi/x /API/api/x /api/API/x /api/..%2fapi/x /api/./api/x /x/../api/api/x /api/api%2fx /api/api;x/y".split(
    " ",
  ),
  ..."/%61pi/api/x /api%2fapi/x \\api\\api\\x /api/api\\..\\other /api/../api/api/%2e%2e/%2e%2e/token".split(" "),
];

const PROTECTED = { paths: ["public/**"] };

/** What stands behind `/api/api`, for a client that may have what is below `public`. */
const BESIDE_PUBLIC = [
  ..."/public/../admin /public/%2e%2e/admin /public/..%2fadmin /public%2f..%2fadmin /public/x/..%2f..%2fadmin".split(
    " ",
  ),
  ..."/public/..%5cadmin /public\\..\\admin /public/..;/admin /public;x/..;/admin /public;/x /public/.%2e%2fadmin".split(
    " ",
  ),
  ..."/admin /PUBLIC/x /Public/x /publicx/admin /publi /public%00/x /public%20/x /%70ublic/x /%2570ublic/x".split(" "),
  ..."//public/x /x/public/y /public/%252e%252e/admin /public/%c0%ae%c0%ae/admin /public%3f/../admin /public%23/admin".split(
    " ",
  ),
  ..."?/public/x /?x=/public/ #/public/x /admin?/public/x /admin#/public/ /admin;/public/x /admin%2f..%2fpublic/x".split(
    " ",
  ),
];

/**
 * @param {import("../proxied.mjs").Proxied} proxied
 * @param {string[]} targets
 */
async function sendAll(proxied, targets) {
  const { world, victim, send } = proxied;
  for (const target of targets) {
    const line = `GET ${target.replaceAll("HOST", victim.host)}`;
    const { status, text } = await send(line);
    assert.ok(status < 500 || status === 501, `${line.slice(0, 200)}: ${status}`);
    assert.ok(!text.includes("access_token"), line);
  }
  assertClean(proxied);
  const good = await send(`GET /api/api/public/good`);
  assert.equal(good.status, 200, good.text);
  assert.ok(world.authority.issued.length <= 1, "one token for all");
}

/** @type {Abuse[]} */
export const ABUSES = [
  {
    what: "paths that lead out of the base of an API, or to another server",
    attack: () =>
      withApi({}, (proxied) =>
        sendAll(
          proxied,
          ESCAPES.map((path) => `/api/api${path}`),
        ),
      ),
  },
  {
    what: "the same for an API without a path in its base: no path leads to another server",
    attack: () =>
      withApi(
        { apis: ({ api }) => ({ root: { base: api, credential: "default", scope: GRAPH } }) },
        async (proxied) => {
          for (const path of ESCAPES)
            await proxied.send(`GET /api/root${path.replaceAll("HOST", proxied.victim.host)}`);
          for (const { target } of proxied.api.requests) {
            assert.match(target, /^\//);
            assert.ok(
              segmentsOf(target).every((segment) => !/^\.{1,2}$/.test(segment)),
              target,
            );
          }
        },
      ),
  },
  {
    what: "request targets with a host, a scheme, or another spelling of the route",
    attack: () => withApi({}, (proxied) => sendAll(proxied, TARGETS)),
  },
  {
    what: "a Host of another server, of the API, or of nobody",
    attack: () =>
      withApi({}, async (proxied) => {
        const { api, victim, send } = proxied;
        for (const host of [victim.host, api.host, "localhost:1", "localhost@HOST", "localhost/base", "127.0.0.1#", ""])
          await send("GET /api/api/x", [`Host: ${host.replace("HOST", victim.host)}`, ...ASKING.slice(1)]);
        await send("GET /api/api/x", ["Host: localhost", `Host: ${victim.host}`, ...ASKING.slice(1)]);
        await send("GET /api/api/x", ASKING.slice(1));
        assertClean(proxied);
      }),
  },
  {
    what: "spellings of a path that is not granted",
    attack: () =>
      withApi({ grant: PROTECTED }, async (proxied) => {
        await sendAll(
          proxied,
          BESIDE_PUBLIC.map((path) => `/api/api${path}`),
        );
        for (const { target } of proxied.api.requests) {
          const [first, second] = segmentsOf(target.slice(BASE.length)).filter((segment) => segment !== "");
          assert.equal(first, "public", target);
          assert.notEqual(second, "admin", target);
        }
      }),
  },
  {
    what: "methods that are not granted, and fields that stand for one",
    attack: () =>
      withApi({}, async (proxied) => {
        // `CONNECT` does not get as far as the Worker.
        for (const method of "POST PUT PATCH DELETE OPTIONS TRACE PROPFIND get Get GETX".split(" "))
          assert.ok((await proxied.send(`${method} /api/api/x`)).status >= 400, method);
        for (const name of ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "x-http-METHOD-override"])
          await proxied.send("GET /api/api/x", [...ASKING, `${name}: DELETE`]);
        assertClean(proxied);
        assert.deepEqual([...new Set(proxied.api.requests.map(({ method }) => method))], ["GET"]);
      }),
  },
];
