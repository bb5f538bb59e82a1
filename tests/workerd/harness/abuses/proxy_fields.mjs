// Attacks by the fields and the framing of a request to an API: what the API or a server in front of it may believe.

/** @import { Abuse } from "../abuses.mjs" */

import assert from "node:assert/strict";

import { USER, ASKING, assertClean, withApi } from "../proxied.mjs";
import { exchange, parsed } from "../raw.mjs";
import { valueOf } from "../recorder.mjs";

/** Each stands for something that an API must not get, or must not believe. */
const FORBIDDEN = [
  `X-IDENTITY-HEADER: ${USER.key}`,
  "Cookie: session=1",
  "Cf-Access-Jwt-Assertion: a.b.c",
  `Cf-Access-Client-Secret: ${USER.key}`,
  "Cf-Access-Authenticated-User-Email: admin@example.com",
  "CF-Connecting-IP: 127.0.0.1",
  `Proxy-Authorization: Bearer ${USER.key}`,
  "Proxy-Connection: keep-alive",
  "DPoP: a.b.c",
  "Forwarded: for=127.0.0.1;host=admin;proto=https",
  "X-Forwarded-For: 127.0.0.1",
  "X-Forwarded-Host: admin",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Prefix: /admin",
  "X-Real-IP: 127.0.0.1",
  "True-Client-IP: 127.0.0.1",
  "X-Client-IP: 127.0.0.1",
  "X-Cluster-Client-IP: 127.0.0.1",
  "Client-Cert: :AA==:",
  "Client-Cert-Chain: :AA==:",
  "X-Original-URL: /admin",
  "X-Original-URI: /admin",
  "X-Rewrite-URL: /admin",
  "X-Host: admin",
  // CGI, WSGI and Rack have one name for both spellings.
  "X_Forwarded_For: 127.0.0.1",
  "X_HTTP_Method_Override: DELETE",
  "Cf_Access_Jwt_Assertion: a.b.c",
  "TE: trailers",
  "Trailer: Authorization",
  "Keep-Alive: timeout=5",
];

/** What `Connection` may name. */
const HOP_BY_HOP = [
  "x-secret",
  "authorization, x-secret",
  "Authorization, X-Secret",
  "host, content-length, x-secret",
  "close, cookie, x-identity-header, x-secret",
  ",,x-secret,,",
  "x-secret\r\nConnection: authorization",
  `${"x-a, ".repeat(1000)}x-secret`,
];

/** Bytes within a field that could end it. The field behind them is one that no API gets. */
const ENDS = ["\r", "\n", "\r\n ", "\r\n\t", "\n ", "\0", "\x0b", "\x85", "\xe2\x80\xa8", "%0d%0a", "\\r\\n"];

const INNER = "GET /api/api/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
const CHUNKED = `${INNER.length.toString(16)}\r\n${INNER}\r\n0\r\n\r\n`;

/** The fields of a framing that two servers may read differently, and the body. */
const FRAMINGS = [
  ["Content-Length: 4\r\nTransfer-Encoding: chunked", `0\r\n\r\n${INNER}`],
  [`Transfer-Encoding: chunked\r\nContent-Length: ${INNER.length + 5}`, `0\r\n\r\n${INNER}`],
  [`Transfer-Encoding: xchunked\r\nContent-Length: ${INNER.length}`, INNER],
  [`Transfer-Encoding : chunked\r\nContent-Length: ${CHUNKED.length}`, CHUNKED],
  [`Transfer-Encoding:\x0bchunked\r\nContent-Length: ${CHUNKED.length}`, CHUNKED],
  [`Transfer-Encoding: chunked, identity\r\nContent-Length: ${CHUNKED.length}`, CHUNKED],
  [`Transfer-Encoding: identity\r\nTransfer-Encoding: chunked`, CHUNKED],
  [`Transfer-Encoding: chunked\r\nTransfer-Encoding: cow`, CHUNKED],
  [`Content-Length: 0\r\nContent-Length: ${INNER.length}`, INNER],
  [`Content-Length: +${INNER.length}`, INNER],
  [`Content-Length: ${INNER.length}, ${INNER.length}`, INNER],
  [`Content-Length: 0x${INNER.length.toString(16)}`, INNER],
  ["Content-Length: -1", INNER],
  [`Content-Length:\r\n ${INNER.length}`, INNER],
  ["Transfer-Encoding: chunked", `1;a=b\r\nx\r\n0;\r\nCookie: a\r\nAuthorization: b\r\n\r\n${INNER}`],
  ["Transfer-Encoding: chunked", `0\r\n\r${INNER}`],
  ["Transfer-Encoding: chunked", `1\nx\n0\n\n${INNER}`],
  ["Transfer-Encoding: chunked", `-1\r\nx\r\n0\r\n\r\n${INNER}`],
  ["Transfer-Encoding: chunked", `${"0".repeat(40)}1\r\nx\r\n0\r\n\r\n${INNER}`],
  [`Connection: content-length\r\nContent-Length: ${INNER.length}`, INNER],
  [`Connection: transfer-encoding\r\nTransfer-Encoding: chunked`, CHUNKED],
  ["Expect: 100-continue\r\nContent-Length: 1", `x${INNER}`],
];

const POSTS = { grant: { methods: ["GET", "POST"] } };

/** @type {Abuse[]} */
export const ABUSES = [
  {
    what: "an API gets a proof, a cookie, or what gateways believe",
    attack: () =>
      withApi({}, async (proxied) => {
        for (const field of [...FORBIDDEN, FORBIDDEN.join("\r\n")]) {
          const { status } = await proxied.send("GET /api/api/x", [...ASKING, field]);
          assert.ok([200, 400].includes(status), `${field}: ${status}`);
        }
        assert.ok(proxied.api.requests.length > 0);
        assertClean(proxied);
      }),
  },
  {
    what: "a client key in each place that the broker reads goes on to the API",
    attack: () =>
      withApi({ api: { header: "X-Api-Key" } }, async (proxied) => {
        const places = [
          `Authorization: Bearer ${USER.key}`,
          `Authorization: bearer ${USER.key}`,
          `Authorization: token ${USER.key}`,
          `Authorization: Basic ${btoa(`${USER.id}:${USER.key}`)}`,
          `X-Api-Key: ${USER.key}`,
          `x-api-key: ${USER.key}`,
        ];
        for (const place of places) {
          const { status, text } = await proxied.send("GET /api/api/x", ["Host: localhost", place]);
          assert.equal(status, 200, `${place.split(":")[0]}: ${text}`);
        }
        for (const one of places)
          for (const other of places) await proxied.send("GET /api/api/x", ["Host: localhost", one, other]);
        assertClean(proxied, "x-api-key", "");
      }),
  },
  {
    what: "two proofs, or one in two fields of the same name",
    attack: () =>
      withApi({}, async (proxied) => {
        const [, own = ""] = ASKING;
        for (const other of [own, "Authorization: Bearer wrong", "Authorization: Basic Og==", "Authorization:"])
          for (const fields of [
            [own, other],
            [other, own],
          ])
            await proxied.send("GET /api/api/x", ["Host: localhost", ...fields]);
        assertClean(proxied);
      }),
  },
  {
    what: "`Connection` takes the token away, or keeps a field that it names",
    attack: () =>
      withApi({}, async (proxied) => {
        for (const named of HOP_BY_HOP) {
          await proxied.send("GET /api/api/x", [...ASKING, "X-Secret: 1", `Connection: ${named}`]);
          for (const upgrade of ["h2c", "websocket, h2c", "TLS/1.0", ""])
            await proxied.send("GET /api/api/x", [
              ...ASKING,
              "X-Secret: 1",
              `Connection: Upgrade, HTTP2-Settings, ${named}`,
              `Upgrade: ${upgrade}`,
            ]);
        }
        assert.ok(proxied.api.requests.length > 0);
        assertClean(proxied);
        for (const { fields } of proxied.api.requests) {
          assert.equal(valueOf(fields, "x-secret"), undefined);
          assert.equal(valueOf(fields, "upgrade"), undefined);
        }
      }),
  },
  {
    what: "a field that ends within its value and brings another one along",
    attack: () =>
      withApi({}, async (proxied) => {
        for (const end of ENDS)
          for (const inner of ["Cookie: a=b", "X-Forwarded-For: 127.0.0.1", "Transfer-Encoding: chunked"])
            for (const field of [`X-A: a${end}${inner}`, `X-A${end}${inner}`, `X-Request-Id: a${end}${inner}`])
              await proxied.send("GET /api/api/x", [...ASKING, field]);
        for (const name of ["Cookie ", "\tCookie", "Coo\0kie", "Cookie\x0b", ":Cookie", "Cookie:"])
          await proxied.send("GET /api/api/x", [...ASKING, `${name}: a=b`]);
        assertClean(proxied);
      }),
  },
  {
    what: "a request that is hidden in the body of another",
    attack: () =>
      withApi(POSTS, async (proxied) => {
        for (const [framing = "", body = ""] of FRAMINGS)
          for (const method of ["POST", "GET"])
            await proxied.send(`${method} /api/api/outer`, [...ASKING, framing], body);
        await proxied.send("GET /api/api/last");
        assertClean(proxied);
        for (const { target } of proxied.api.requests) assert.ok(!target.includes("smuggled"), "it reached the API");
      }),
  },
  {
    what: "a second request of a connection takes the proof of the first",
    attack: () =>
      withApi({}, async (proxied) => {
        const first = `GET /api/api/first HTTP/1.1\r\n${ASKING.join("\r\n")}\r\n\r\n`;
        const second = "GET /api/api/second HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        const answers = await exchange(proxied.world.broker.port, first + second);
        assert.deepEqual(answers.match(/HTTP\/1\.1 \d+/g), ["HTTP/1.1 200", "HTTP/1.1 401"]);
        assert.equal(parsed(answers).status, 200);
        assert.deepEqual(
          proxied.api.requests.map(({ target }) => target),
          ["/base/first"],
        );
      }),
  },
  {
    what: "a caller without a grant, without a proof, or for an API that nobody has",
    attack: () =>
      withApi({ apis: ({ victim }) => ({ other: { base: victim, credential: "default", scope: "x" } }) }, async (p) => {
        const asked = p.world.authority.requests.length;
        const nobody = ["Host: localhost"];
        for (const name of ["api", "other", "nothing", "__proto__", "constructor", "toString", "a".repeat(10_000)])
          for (const fields of [
            nobody,
            [...nobody, "Authorization: Bearer wrong"],
            [...nobody, "Authorization: token"],
          ])
            assert.equal((await p.send(`GET /api/${name}/x`, fields)).status, 401, name.slice(0, 20));
        const known = await p.send("GET /api/nothing/x");
        const [unknown, other] = [await p.send("GET /api/else/x"), await p.send("GET /api/__proto__/x")];
        for (const answer of [known, unknown, other])
          assert.deepEqual([answer.status, answer.text], [403, known.text], "one answer, whatever the name");
        assert.equal(p.world.authority.requests.length, asked, "no upstream request");
        assert.equal(p.api.connections, 0);
      }),
  },
];
