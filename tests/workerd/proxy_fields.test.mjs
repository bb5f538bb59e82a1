// What a proxied request and its answer have beside their bodies.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { REPORTS } from "./harness/fixtures.mjs";
import { openProxy } from "./harness/proxy_world.mjs";

const PAGE = "https://app.example";

let proxy;
before(
  async () =>
    (proxy = await openProxy({
      apis: () => ({
        keyed: { header: "X-Api-Key" },
        prefixed: { prefix: "token" },
        shown: { log_path: true },
      }),
      client: { origins: [PAGE] },
    })),
);
after(() => proxy?.close());

const answerWith =
  (status, headers, body = "") =>
  (call) =>
    call.response.writeHead(status, headers).end(body);

describe("a request", () => {
  test("has the token, and no proof of the caller", async () => {
    proxy.on("/proofs", answerWith(200, {}));
    await proxy.send("/proofs", {
      headers: {
        Cookie: "CF_Authorization=secret",
        "X-IDENTITY-HEADER": REPORTS.key,
        "Proxy-Authorization": "Basic eDp5",
        DPoP: "proof",
        "Client-Cert": ":MIIB:",
        "Cf-Access-Jwt-Assertion": "a.b.c",
      },
    });
    const [{ headers, token }] = proxy.callsAt("/proofs");
    assert.equal(headers.authorization, `Bearer ${proxy.world.authority.issued.at(-1)}`);
    assert.ok(token.length > 100);
    for (const name of ["cookie", "x-identity-header", "proxy-authorization", "dpop", "client-cert"])
      assert.equal(headers[name], undefined, name);
    assert.ok(!JSON.stringify(headers).includes(REPORTS.key));
    assert.deepEqual(
      Object.keys(headers).filter((name) => name.startsWith("cf-")),
      [],
    );
  });

  test("has nothing of the connection, nor what a server before the broker says of the caller", async () => {
    proxy.on("/hops", answerWith(200, {}));
    const sent = {
      Connection: "close, X-Hop",
      "X-Hop": "1",
      "Keep-Alive": "timeout=5",
      TE: "trailers",
      Upgrade: "h2c",
      Forwarded: "for=1.2.3.4",
      "X-Forwarded-For": "1.2.3.4",
      "X-Forwarded-Host": "evil.example",
      "X-Real-IP": "1.2.3.4",
      "True-Client-IP": "1.2.3.4",
      "CF-Connecting-IP": "1.2.3.4",
      "X-HTTP-Method-Override": "DELETE",
      "X-Original-URL": "/admin",
      "X-Rewrite-URL": "/admin",
    };
    await proxy.send("/hops", { headers: sent });
    const [{ headers }] = proxy.callsAt("/hops");
    for (const name of Object.keys(sent).slice(1)) assert.equal(headers[name.toLowerCase()], undefined, name);
    assert.doesNotMatch(headers.connection ?? "", /hop/i);
    assert.equal(headers.host, new URL(proxy.api.url).host);
  });

  test("has all else as it was, repeated fields too", async () => {
    proxy.on("/passed", answerWith(200, {}));
    const passed = {
      Accept: "application/json, text/event-stream",
      "Accept-Language": "de",
      "Content-Type": "application/json; odata=verbose",
      ConsistencyLevel: "eventual",
      "If-Match": 'W/"1"',
      "Last-Event-ID": "7",
      "Mcp-Session-Id": "s-1",
      "MCP-Protocol-Version": "2026-07-28",
      Prefer: ["return=minimal", "odata.maxpagesize=5"],
      Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "User-Agent": "tests/1",
      "X-Latin": "\u00e4",
    };
    await proxy.send("/passed", { method: "POST", body: "{}", headers: { ...passed, "Content-Length": "2" } });
    const [{ headers, rawHeaders }] = proxy.callsAt("/passed");
    for (const [name, value] of Object.entries(passed))
      assert.equal(headers[name.toLowerCase()], [value].flat().join(", "), name);
    assert.equal(rawHeaders.filter((name) => name === "Prefer").length, 2);
  });

  test("has the path and the query as the caller wrote them", async () => {
    proxy.on("/projects/a%2Fb/%E4%BD%A0/it's", answerWith(200, {}));
    const query = "?$filter=name%20eq%20%27x%27&a=b+c&a=%2F..%2F&client_id=theirs&empty=";
    const { status } = await proxy.send(`/projects/a%2Fb/%E4%BD%A0/it's${query}`);
    assert.equal(status, 200);
    assert.equal(proxy.api.calls.at(-1).url, `/base/projects/a%2Fb/%E4%BD%A0/it's${query}`);
  });

  test("has the token in the API's own header, in place of the caller's", async () => {
    for (const [name, field, form] of [
      ["keyed", "x-api-key", /^[^ ]{100,}$/],
      ["prefixed", "authorization", /^token [^ ]{100,}$/],
    ]) {
      proxy.on(`/${name}`, answerWith(200, {}));
      await proxy.send(`/${name}`, { name, headers: { "X-Api-Key": "the caller's" } });
      const [{ headers }] = proxy.callsAt(`/${name}`);
      assert.match(headers[field], form);
      if (name === "keyed") assert.equal(headers.authorization, undefined);
    }
  });

  test("keeps the methods apart", async () => {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      proxy.on(`/method-${method}`, (call) => call.response.end(call.method));
      assert.equal((await proxy.send(`/method-${method}`, { method })).body.toString(), method);
    }
  });
});

describe("an answer", () => {
  test("has all as it was, but for cookies and what is of the API's connection and origin", async () => {
    proxy.on(
      "/fields",
      answerWith(429, {
        "Set-Cookie": ["a=b", "c=d"],
        "Alt-Svc": 'h3=":443"',
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Credentials": "true",
        "Proxy-Authenticate": "Basic",
        Connection: "keep-alive, X-Hop",
        "X-Hop": "1",
        "Retry-After": "7",
        ETag: 'W/"1"',
        "Cache-Control": "private, max-age=60",
        "Content-Type": "application/problem+json",
        "Content-Security-Policy": "default-src 'none'",
        Link: ["<a>; rel=next", "<b>; rel=last"],
        "X-Request-Id": "the API's",
      }),
    );
    const { status, headers, rawHeaders } = await proxy.send("/fields");
    assert.equal(status, 429);
    const names = rawHeaders.filter((_, n) => n % 2 === 0).map((name) => name.toLowerCase());
    for (const name of ["set-cookie", "alt-svc", "x-hop", "proxy-authenticate", "cache-status"])
      assert.ok(!names.includes(name), name);
    assert.deepEqual(
      names.filter((name) => name.startsWith("access-control-")),
      [],
    );
    const { date, connection, "content-length": length, ...rest } = headers;
    assert.ok(date);
    assert.deepEqual(rest, {
      "retry-after": "7",
      etag: 'W/"1"',
      "cache-control": "private, max-age=60",
      "content-type": "application/problem+json",
      "content-security-policy": "default-src 'none'",
      link: "<a>; rel=next, <b>; rel=last",
      "transfer-encoding": "chunked",
      "x-request-id": "the API's",
    });
  });

  test("has the broker's request id if the API has none", async () => {
    proxy.on("/id", answerWith(200, {}));
    const reply = await proxy.send("/id");
    assert.equal(reply.headers["x-request-id"], reply.requestId);
    assert.equal(proxy.callsAt("/id")[0].headers["x-request-id"], reply.requestId);
  });

  test("has its status and reason, errors as well", async () => {
    for (const [status, reason] of [
      [200, "Fine"],
      [402, "Payment Required"],
      [418, "Teapot"],
      [500, "Oh No"],
      [503, "Later"],
    ]) {
      proxy.on(`/status-${status}`, (call) =>
        call.response.writeHead(status, reason, { "Retry-After": "3" }).end("why"),
      );
      const reply = await proxy.send(`/status-${status}`);
      assert.deepEqual([reply.status, reply.reason, reply.body.toString()], [status, reason, "why"]);
      assert.equal(proxy.callsAt(`/status-${status}`).length, 1);
      const { outcome, status: logged } = await proxy.logOf(reply);
      assert.deepEqual([outcome, logged], ["passed", status]);
    }
  });

  test("of a status that HTTP does not have is a 502", async () => {
    for (const status of [101, 700]) {
      proxy.on(`/odd-${status}`, (call) => {
        call.raw(`HTTP/1.1 ${status} Odd\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      });
      const reply = await proxy.send(`/odd-${status}`);
      assert.deepEqual([reply.status, JSON.parse(reply.body).error], [502, "temporarily_unavailable"]);
      assert.equal(reply.headers["cache-status"], "edge-token-broker; detail=api_unreachable");
    }
  });

  test("that is a redirect is handed back, and nobody follows it", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      const Location = `${proxy.api.url}/elsewhere`;
      proxy.on(`/redirect-${status}`, answerWith(status, { Location }, "moved"));
      const reply = await proxy.send(`/redirect-${status}`, { method: "POST" });
      assert.deepEqual([reply.status, reply.headers.location, reply.body.toString()], [status, Location, "moved"]);
    }
    assert.deepEqual(proxy.api.callsAt("/elsewhere"), []);
  });

  test("is kept nowhere", async () => {
    const fresh = { "Cache-Control": "public, max-age=3600", ETag: '"1"', Expires: "Fri, 01 Jan 2100 00:00:00 GMT" };
    proxy.on("/cached", answerWith(200, fresh, "kept"));
    for (let n = 1; n <= 3; n += 1) {
      await proxy.send("/cached");
      assert.equal(proxy.callsAt("/cached").length, n);
    }
  });

  test("can be read by the pages that the client lists, and by no others", async () => {
    proxy.on(
      "/page",
      answerWith(200, { ETag: '"1"', "X-Total": "7", Vary: "Accept", "Access-Control-Allow-Origin": "*" }),
    );
    const { headers } = await proxy.send("/page", { headers: { Origin: PAGE } });
    assert.equal(headers["access-control-allow-origin"], PAGE);
    assert.match(headers["access-control-expose-headers"], /etag.*x-total/i);
    assert.equal(headers.vary, "Accept, Origin");
    const other = await proxy.send("/page", { headers: { Origin: "https://evil.example" } });
    assert.equal(other.headers["access-control-allow-origin"], undefined);
    assert.equal(other.headers.vary, "Accept");
  });
});

describe("the line in the log", () => {
  test("has who, what and how much, and not the path", async () => {
    proxy.on("/secret-path", answerWith(201, { "Content-Length": 3 }, "abc"));
    const reply = await proxy.send("/secret-path?q=secret-query", { method: "POST", body: "hello" });
    const line = await proxy.logOf(reply);
    const { route, api, client_id, method, status, outcome, request_bytes, response_bytes, first_byte_ms } = line;
    assert.deepEqual(
      { route, api, client_id, method, status, outcome, request_bytes, response_bytes },
      {
        route: "api",
        api: "api-0",
        client_id: REPORTS.id,
        method: "POST",
        status: 201,
        outcome: "passed",
        request_bytes: 5,
        response_bytes: 3,
      },
    );
    assert.ok(Number.isInteger(first_byte_ms) && first_byte_ms >= 0);
    assert.doesNotMatch(JSON.stringify(line), /secret-/);
    assert.equal(line.repeated, undefined);
  });

  test("has the path, without the query, if the operator wants it", async () => {
    proxy.on("/shown", answerWith(200, {}));
    const line = await proxy.logOf(await proxy.send("/shown?q=secret-query", { name: "shown" }));
    assert.equal(line.path, "/shown");
    assert.doesNotMatch(JSON.stringify(line), /secret-query/);
  });
});
