// Attacks by pages on somebody whose browser adds a proof by itself: Cloudflare Access, a client certificate.

/** @import { Abuse } from "../abuses.mjs" */
/** @import { Proxied } from "../proxied.mjs" */

import assert from "node:assert/strict";

import { ASKING, USER, assertClean, withApi } from "../proxied.mjs";
import { AUDIENCE, Issuer } from "../issuer.mjs";
import { newKey } from "../jose.mjs";
import { answer } from "../recorder.mjs";

const PAGE = "https://app.example";
const CERTIFICATE = "ab".repeat(32);

const FOREIGN = [
  "https://evil.example",
  "https://app.example.evil.example",
  "https://app.example:444",
  "http://app.example",
  "https://APP.example",
  "null",
  "*",
  "file://",
  "chrome-extension://abc",
  `${PAGE}, https://evil.example`,
  `${PAGE}/`,
  `${PAGE}\t`.trimEnd() + "\x0b",
  "http://localhost:1",
  "http://localhost.evil.example",
  "\xff",
  "x".repeat(10_000),
];

/** As the edge describes a connection with a verified client certificate. */
const certificate = () => {
  const tlsClientAuth = {
    certPresented: "1",
    certVerified: "SUCCESS",
    certRevoked: "0",
    certFingerprintSHA256: CERTIFICATE,
  };
  return `CF-Blob: ${JSON.stringify({ tlsClientAuth })}`;
};

/**
 * @param {(proxied: Proxied, ambient: Record<string, string>) => Promise<void>} body
 * @param {import("../proxied.mjs").ProxiedOptions} options
 */
async function withBrowser(body, options = {}) {
  const issuer = await Issuer.start(newKey("ES256"));
  const client = {
    jwt: [{ issuer: issuer.url, audience: AUDIENCE, subject: "robot" }],
    mtls_sha256: [CERTIFICATE],
    origins: [PAGE],
  };
  const grant = { methods: ["GET", "POST", "DELETE"] };
  try {
    await withApi({ grant, client, ...options }, (proxied) =>
      body(proxied, {
        "Cloudflare Access": `Cf-Access-Jwt-Assertion: ${issuer.sign()}`,
        "a client certificate": certificate(),
        "Basic, which the user has once entered": `Authorization: Basic ${btoa(`${USER.id}:${USER.key}`)}`,
      }),
    );
  } finally {
    await issuer.close();
  }
}

const HOST = "Host: localhost";

/** @type {Abuse[]} */
export const ABUSES = [
  {
    what: "a page of another origin uses an API by the proof that a browser adds",
    attack: () =>
      withBrowser(async (proxied, ambient) => {
        for (const [what, proof] of Object.entries(ambient)) {
          assert.equal((await proxied.send("GET /api/api/x", [HOST, proof])).status, 200, `${what}, without a page`);
          const before = proxied.api.requests.length;
          for (const origin of FOREIGN)
            for (const method of ["GET", "POST", "DELETE"]) {
              const form = ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 3"];
              const page = [HOST, proof, `Origin: ${origin}`];
              const told = await proxied.send(`${method} /api/api/x`, [...page, ...form], "a=b");
              assert.ok(told.status >= 400, `${what}, ${method}, ${origin.slice(0, 50)}: ${told.status}`);
              assert.equal(told.headers.get("access-control-allow-origin"), null);
            }
          assert.equal(proxied.api.requests.length, before, "nothing reached the API");
          for (const origin of [PAGE, "http://localhost"])
            assert.equal(
              (await proxied.send("POST /api/api/x", [HOST, proof, `Origin: ${origin}`])).status,
              200,
              origin,
            );
        }
        assertClean(proxied);
      }),
  },
  {
    what: "a page of another origin opens a WebSocket by the proof that a browser adds",
    attack: () =>
      withBrowser(async (proxied, ambient) => {
        const handshake = [
          "Connection: Upgrade",
          "Upgrade: websocket",
          "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ];
        for (const proof of Object.values(ambient)) {
          const { status } = await proxied.send("GET /api/api/x", [
            HOST,
            proof,
            "Origin: https://evil.example",
            ...handshake,
          ]);
          assert.equal(status, 403);
        }
        assert.equal(proxied.api.connections, 0);
      }),
  },
  {
    what: "a page of the API runs as a page of the broker",
    attack: () => {
      const html = "<script>fetch('/api/api/other')</script>";
      const fields = [
        "Content-Type: text/html",
        "Content-Security-Policy: script-src *",
        "Content-Security-Policy-Report-Only: x",
      ];
      return withBrowser(
        async (proxied, ambient) => {
          for (const proof of Object.values(ambient)) {
            const { headers, text } = await proxied.send("GET /api/api/x", [HOST, proof]);
            assert.equal(text, html);
            const policies = headers
              .get("content-security-policy")
              ?.split(",")
              .map((policy) => policy.trim());
            assert.ok(policies?.includes("sandbox"), `${policies}`);
          }
        },
        { answer: () => answer(200, html, ...fields) },
      );
    },
  },
  {
    what: "a page of another origin reads an answer, or sends a request, with a key that it has",
    attack: () =>
      withBrowser(async ({ send }) => {
        for (const origin of FOREIGN) {
          const told = await send("GET /api/api/x", [...ASKING, `Origin: ${origin}`]);
          assert.equal(told.headers.get("access-control-allow-origin"), null, origin);
          const asks = ["Access-Control-Request-Method: DELETE", "Access-Control-Request-Headers: authorization"];
          const preflight = await send("OPTIONS /api/api/x", [HOST, `Origin: ${origin}`, ...asks]);
          assert.equal(preflight.headers.get("access-control-allow-origin"), null, origin);
        }
        const told = await send("GET /api/api/x", [...ASKING, `Origin: ${PAGE}`]);
        assert.equal(told.headers.get("access-control-allow-origin"), PAGE);
        assert.match(told.headers.get("vary") ?? "", /origin/i);
      }),
  },
  {
    what: "a preflight has the broker permit every method, or write a header of its own",
    attack: () =>
      withBrowser(async ({ send }) => {
        for (const method of ["*", "GET, *", "a b", "x".repeat(5000), "\xff", "GET\x0bX"]) {
          const asks = [`Access-Control-Request-Method: ${method}`, `Origin: ${PAGE}`];
          const { headers } = await send("OPTIONS /api/api/x", [HOST, ...asks]);
          const permitted = headers.get("access-control-allow-methods") ?? "";
          assert.ok(!permitted.includes("*") && permitted.length < 6000, permitted.slice(0, 100));
        }
      }),
  },
];
