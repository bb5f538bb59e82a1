// Bodies on their way through the proxy: every byte, as it comes, in both directions.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";

import { openProxy } from "./harness/proxy_world.mjs";

const MIB = 1024 * 1024;
const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

let proxy;
before(async () => (proxy = await openProxy()));
after(() => proxy?.close());

/** Names of fields in the order in which they came. */
const names = (raw) => raw.filter((_, n) => n % 2 === 0).map((name) => name.toLowerCase());

describe("a request", () => {
  test("10 MB of random bytes arrive as they were, with their length", async () => {
    const bytes = randomBytes(10 * MIB);
    proxy.on("/upload", async (call) => call.response.end(digest(await call.body())));
    const reply = await proxy.send("/upload", {
      method: "PUT",
      body: bytes,
      headers: { "Content-Length": String(bytes.length), "Content-Type": "application/octet-stream" },
    });
    assert.equal(reply.body.toString(), digest(bytes));
    const [{ headers }] = proxy.callsAt("/upload");
    assert.deepEqual([headers["content-length"], headers["transfer-encoding"]], [String(bytes.length), undefined]);
    assert.equal(headers["content-type"], "application/octet-stream");
    const { request_bytes, response_bytes, outcome } = await proxy.logOf(reply);
    assert.deepEqual([request_bytes, response_bytes, outcome], [bytes.length, 64, "passed"]);
  });

  test("10 MB of unknown length as well", async () => {
    const bytes = randomBytes(10 * MIB);
    proxy.on("/chunked", async (call) => call.response.end(digest(await call.body())));
    const reply = await proxy.send("/chunked", {
      method: "POST",
      body: bytes,
      headers: { "Transfer-Encoding": "chunked" },
    });
    assert.equal(reply.body.toString(), digest(bytes));
    const [{ headers }] = proxy.callsAt("/chunked");
    assert.deepEqual([headers["content-length"], headers["transfer-encoding"]], [undefined, "chunked"]);
    assert.equal((await proxy.logOf(reply)).request_bytes, bytes.length);
  });

  for (const [what, headers, length] of [
    ["declared", { "Content-Length": "200000" }, 200_000],
    ["unknown", { "Transfer-Encoding": "chunked" }, 10],
  ]) {
    test(`one whose length is ${what} is sent on while it comes`, async () => {
      proxy.on(`/trickled-${what}`, async (call) => call.response.end(String((await call.body()).length)));
      const caller = await proxy.begin(`/trickled-${what}`, { method: "POST", headers });
      const write = (text) => (what === "unknown" ? caller.chunk(text) : caller.write(text));
      write("first");
      const call = await proxy.arrival(`/trickled-${what}`);
      await call.part(5);
      assert.equal(call.received.toString(), "first");
      write("x".repeat(length - 5));
      if (what === "unknown") write("");
      await caller.until(new RegExp(`\r\n\r\n(?:\\d+\r\n)?${length}`));
      caller.leave();
    });
  }

  test("Expect is answered by the broker, and the body is asked for only if it is sent on", async () => {
    proxy.on("/expect", async (call) => call.response.end((await call.body()).toString()));
    const headers = { "Content-Length": "5", Expect: "100-continue" };
    const caller = await proxy.begin("/expect", { method: "POST", headers });
    await caller.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
    caller.write("hello");
    await caller.until(/HTTP\/1\.1 200 OK[^]*\r\n\r\n[^]*hello/);
    assert.equal(proxy.callsAt("/expect")[0].headers.expect, undefined);
    const refused = await proxy.begin("/expect", {
      method: "POST",
      headers: { ...headers, Authorization: "Bearer no" },
    });
    await refused.until(/\r\n\r\n[^]*invalid_token|\r\n\r\n[^]*error/);
    assert.match(refused.text, /^HTTP\/1\.1 401 /);
    for (const one of [caller, refused]) one.leave();
  });

  test("trailers go no further, and the body is whole", async () => {
    proxy.on("/trailers", async (call) => {
      const body = await call.body();
      call.response.end(JSON.stringify([body.toString(), call.request.trailers, call.headers.trailer ?? null]));
    });
    const headers = { "Transfer-Encoding": "chunked", Trailer: "X-Sum" };
    const caller = await proxy.begin("/trailers", { method: "POST", headers });
    caller.write("5;name=value\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n");
    await caller.until(/\["hello",\{\},null\]/);
    caller.leave();
  });

  test("without a body none is sent, whatever the method", async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      proxy.on(`/empty-${method}`, async (call) => call.response.end(String((await call.body()).length)));
      const reply = await proxy.send(`/empty-${method}`, { method });
      assert.deepEqual([reply.status, reply.body.toString()], [200, "0"], method);
      const [{ headers }] = proxy.callsAt(`/empty-${method}`);
      assert.equal(headers["transfer-encoding"], undefined, method);
      assert.equal((await proxy.logOf(reply)).request_bytes, 0, method);
    }
  });

  test("GET and DELETE may have a body", async () => {
    for (const method of ["GET", "DELETE"]) {
      proxy.on(`/odd-${method}`, async (call) => call.response.end(await call.body()));
      const reply = await proxy.send(`/odd-${method}`, { method, body: "query", headers: { "Content-Length": "5" } });
      assert.deepEqual([reply.status, reply.body.toString()], [200, "query"], method);
    }
  });
});

describe("an answer", () => {
  test("10 MB of random bytes arrive as they were, with their length", async () => {
    const bytes = randomBytes(10 * MIB);
    proxy.on("/download", ({ response }) => response.writeHead(200, { "Content-Length": bytes.length }).end(bytes));
    const reply = await proxy.send("/download");
    assert.equal(digest(reply.body), digest(bytes));
    assert.deepEqual(
      [reply.headers["content-length"], reply.headers["transfer-encoding"]],
      [String(bytes.length), undefined],
    );
    assert.equal((await proxy.logOf(reply)).response_bytes, bytes.length);
  });

  test("10 MB of unknown length as well", async () => {
    const bytes = randomBytes(10 * MIB);
    proxy.on("/unknown", ({ response }) =>
      response.write(bytes.subarray(0, 1000), () => response.end(bytes.subarray(1000))),
    );
    const reply = await proxy.send("/unknown");
    assert.equal(digest(reply.body), digest(bytes));
    assert.equal(reply.headers["transfer-encoding"], "chunked");
    assert.equal((await proxy.logOf(reply)).response_bytes, bytes.length);
  });

  test("nor is one held back that ends with its connection", async () => {
    proxy.on("/until-close", (call) => {
      call.raw("HTTP/1.1 200 OK\r\n\r\nall of it");
      call.request.socket.end();
    });
    const reply = await proxy.send("/until-close");
    assert.equal(reply.body.toString(), "all of it");
  });

  for (const [what, head] of [
    ["declared", "Content-Length: 10"],
    ["unknown", "Transfer-Encoding: chunked"],
  ]) {
    test(`one whose length is ${what} is passed on while it comes`, async () => {
      const chunk = (text) => (what === "unknown" ? `${text.length}\r\n${text}\r\n` : text);
      proxy.on(`/slow-${what}`, (call) => call.raw(`HTTP/1.1 200 OK\r\nConnection: close\r\n${head}\r\n\r\n`));
      const caller = await proxy.begin(`/slow-${what}`);
      const call = await proxy.arrival(`/slow-${what}`);
      // The head comes before the body.
      await caller.until(/\r\n\r\n$/);
      for (const part of ["first", "secnd"]) {
        call.raw(chunk(part));
        await caller.until(new RegExp(`${part}\\s*$`));
      }
      if (what === "unknown") {
        call.raw("0\r\n\r\n");
        await caller.until(/\r\n0\r\n\r\n$/);
      }
      caller.leave();
      const { outcome, response_bytes } = await proxy.logOf(caller);
      assert.deepEqual([outcome, response_bytes], ["passed", 10]);
    });
  }

  test("server-sent events come one by one", async () => {
    proxy.on("/events", ({ response }) =>
      response.writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders(),
    );
    const caller = await proxy.begin("/events", { headers: { Accept: "text/event-stream" } });
    const { response } = await proxy.arrival("/events");
    for (let n = 0; n < 5; n += 1) {
      response.write(`id: ${n}\ndata: event ${n}\n\n`);
      await caller.until(new RegExp(`data: event ${n}\n\n`));
    }
    response.end();
    await caller.until(/\r\n0\r\n\r\n$/);
    assert.equal((await proxy.logOf(caller)).outcome, "passed");
    caller.leave();
  });

  const text = Buffer.from("the same words again and again, ".repeat(100));
  const broken = Buffer.from("this is no gzip at all");
  for (const [encoding, bytes] of [
    ["gzip", gzipSync(text)],
    ["br", brotliCompressSync(text)],
    ["zstd", zstdCompressSync(text)],
    ["gzip", broken],
  ]) {
    for (const length of ["declared", "unknown"]) {
      test(`${encoding}${bytes === broken ? ", broken" : ""}, with its length ${length}, is passed on compressed`, async () => {
        const path = `/${encoding}-${bytes.length}-${length}`;
        const declared = length === "declared" ? { "Content-Length": bytes.length } : {};
        proxy.on(path, ({ response }) =>
          response.writeHead(200, { "Content-Encoding": encoding, ...declared }).end(bytes),
        );
        const reply = await proxy.send(path, { headers: { "Accept-Encoding": "gzip, br, zstd" } });
        assert.deepEqual(reply.body, bytes);
        assert.equal(reply.headers["content-encoding"], encoding);
        assert.equal(proxy.callsAt(path)[0].headers["accept-encoding"], "gzip, br, zstd");
        assert.equal((await proxy.logOf(reply)).response_bytes, bytes.length);
      });
    }
  }

  test("without Accept-Encoding the API is asked for nothing compressed", async () => {
    proxy.on("/plain", ({ response }) => response.end("plain"));
    await proxy.send("/plain");
    assert.equal(proxy.callsAt("/plain")[0].headers["accept-encoding"], undefined);
  });

  test("HEAD: the fields of the body, and no body", async () => {
    proxy.on("/head", ({ response }) => response.writeHead(200, { "Content-Length": 12345, ETag: '"v"' }).end());
    const reply = await proxy.send("/head", { method: "HEAD" });
    assert.deepEqual([reply.status, reply.headers["content-length"], reply.headers.etag], [200, "12345", '"v"']);
    assert.equal(reply.body.length, 0);
    const { method, response_bytes } = await proxy.logOf(reply);
    assert.deepEqual([method, response_bytes], ["HEAD", 0]);
  });

  test("204, 304 and 206 are what they were", async () => {
    proxy.on("/204", ({ response }) => response.writeHead(204).end());
    proxy.on("/304", ({ response }) => response.writeHead(304, { ETag: '"v"' }).end());
    proxy.on("/206", ({ response }) =>
      response.writeHead(206, { "Content-Range": "bytes 2-4/9", "Content-Length": 3 }).end("cde"),
    );
    const none = await proxy.send("/204", { method: "DELETE" });
    assert.deepEqual([none.status, none.body.length, none.headers["content-length"]], [204, 0, undefined]);
    const same = await proxy.send("/304", { headers: { "If-None-Match": '"v"' } });
    assert.deepEqual([same.status, same.headers.etag, same.body.length], [304, '"v"', 0]);
    assert.equal(proxy.callsAt("/304")[0].headers["if-none-match"], '"v"');
    const part = await proxy.send("/206", { headers: { Range: "bytes=2-4" } });
    assert.deepEqual([part.status, part.headers["content-range"], part.body.toString()], [206, "bytes 2-4/9", "cde"]);
    assert.equal(proxy.callsAt("/206")[0].headers.range, "bytes=2-4");
  });

  test("early hints and trailers of the API go no further", async () => {
    proxy.on("/hints", (call) => {
      call.raw("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n");
      call.raw("Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n");
    });
    const reply = await proxy.send("/hints");
    assert.deepEqual([reply.status, reply.body.toString(), reply.trailers], [200, "ok", {}]);
    assert.ok(!names(reply.rawHeaders).includes("trailer"));
    assert.ok(!names(reply.rawHeaders).includes("link"));
  });
});
