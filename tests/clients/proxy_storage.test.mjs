// The client of Azure's blob storage through the proxy, with a client key in place of a token: what it does with an account,
// and what it shows of the errors of both.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { inspect } from "node:util";

import { BlobServiceClient } from "@azure/storage-blob";

import { AUDIT, REPORTS } from "../workerd/harness/fixtures.mjs";
import { block } from "./harness/docs.mjs";
import { NodeProgram } from "./harness/node_program.mjs";
import { openProxied, variables } from "./harness/proxied.mjs";

const NAME = "2026/Q 1 + ä & 100%.bin";

let proxied;
let container;
before(async () => {
  proxied = await openProxied();
  container = blobs().getContainerClient("reports");
  await container.create();
});
after(() => proxied?.close());

/** A client whose token is a client key. */
function blobs({ key = REPORTS.key, api = "storage" } = {}) {
  const credential = { getToken: async () => ({ token: key, expiresOnTimestamp: Date.now() + 3_600_000 }) };
  return new BlobServiceClient(`${proxied.url}/${api}`, credential, { retryOptions: { maxTries: 1 } });
}

/** What its user sees. */
async function shown(call) {
  const error = await call.then(
    () => assert.fail("it succeeds"),
    (error) => error,
  );
  proxied.world.sweep.record("error of the Azure SDK", inspect(error, { depth: 5 }));
  return error;
}

async function names(options) {
  const found = [];
  for await (const { name } of container.listBlobsFlat(options)) found.push(name);
  return found;
}

test("what is uploaded is downloaded, byte for byte, with its metadata", async () => {
  const content = randomBytes(300_000);
  const blob = container.getBlockBlobClient(NAME);
  const { requestId, etag } = await blob.upload(content, content.length, {
    metadata: { owner: "ada" },
    blobHTTPHeaders: { blobContentType: "application/x-report" },
  });
  assert.ok(requestId && etag, "the fields of the answer");
  assert.equal(proxied.apis.storage.last.headers["x-ms-meta-owner"], "ada");
  assert.match(proxied.apis.storage.last.headers["x-ms-version"], /^20/);

  const { readableStreamBody, metadata, contentType, contentLength, etag: same } = await blob.download();
  assert.deepEqual(await buffer(readableStreamBody), content);
  assert.deepEqual(metadata, { owner: "ada" });
  assert.deepEqual([contentType, contentLength, same], ["application/x-report", content.length, etag]);
  assert.equal((await blob.getProperties()).contentLength, content.length);
});

test("a range is downloaded, and a large stream is uploaded in blocks", async () => {
  const content = randomBytes(2_500_000);
  const blob = container.getBlockBlobClient("stream");
  await blob.uploadStream(Readable.from([content.subarray(0, 7), content.subarray(7)]), 1_000_000, 2);
  const { readableStreamBody, contentRange, _response } = await blob.download(1_234_567, 1_000);
  assert.deepEqual(await buffer(readableStreamBody), content.subarray(1_234_567, 1_235_567));
  assert.deepEqual([_response.status, contentRange], [206, "bytes 1234567-1235566/2500000"]);
  const whole = await blob.downloadToBuffer(0, undefined, { blockSize: 1_000_000, concurrency: 3 });
  assert.deepEqual(whole, content);
});

test("a list comes in pages, and a blob is deleted", async () => {
  for (const name of ["list/1", "list/2", "list/3"]) await container.getBlockBlobClient(name).upload("", 0);
  assert.deepEqual(await names({ prefix: "list/" }), ["list/1", "list/2", "list/3"]);
  await container.getBlobClient("list/2").delete();
  assert.deepEqual(await names({ prefix: "list/" }), ["list/1", "list/3"]);
  const containers = [];
  for await (const { name } of blobs().listContainers()) containers.push(name);
  assert.deepEqual(containers, ["reports"]);
});

test("an error of the service is shown as the service's", async () => {
  const missing = await shown(container.getBlobClient("nothing").download());
  assert.deepEqual([missing.statusCode, missing.code], [404, "BlobNotFound"]);
  assert.match(missing.message, /^The specified blob does not exist\./);
  const options = { conditions: { ifNoneMatch: "*" } };
  const exists = await shown(container.getBlockBlobClient(NAME).upload("", 0, options));
  assert.deepEqual([exists.statusCode, exists.code], [409, "BlobAlreadyExists"]);
});

for (const [what, call] of [
  ["a method", () => blobs({ key: AUDIT.key }).getContainerClient("reports").getBlockBlobClient("x").upload("", 0)],
  ["a path", () => blobs({ key: AUDIT.key }).getContainerClient("payroll").getBlobClient("x").download()],
  ["an API", () => blobs({ api: "payroll" }).getContainerClient("reports").getBlobClient("x").download()],
]) {
  test(`${what} that is not granted is shown in the broker's words`, async () => {
    const received = proxied.apis.storage.received.length;
    const { name, statusCode, message } = await shown(call());
    assert.deepEqual([name, statusCode, JSON.parse(message).error], ["RestError", 403, "insufficient_scope"]);
    assert.match(message, new RegExp(what.split(" ")[1]));
    assert.equal(proxied.apis.storage.received.length, received);
  });
}

test("what a client with less may do, it does", async () => {
  const audit = blobs({ key: AUDIT.key }).getContainerClient("reports");
  assert.ok((await audit.getBlobClient(NAME).getProperties()).etag);
  assert.equal((await audit.listBlobsFlat().byPage({ maxPageSize: 1 }).next()).value.segment.blobItems.length, 1);
});

test("a wrong client key is shown as the page says", async () => {
  const client = blobs({ key: `etb_${"A".repeat(43)}` });
  const error = await shown(client.getContainerClient("reports").getBlobClient(NAME).download());
  assert.equal(String(error), "TypeError: Invalid URL");
});

test("a token that the account rejects is replaced, unseen by the library", async () => {
  const { last, rejected } = proxied.apis.storage;
  rejected.add(last.token);
  assert.ok((await container.getBlobClient(NAME).getProperties()).etag);
  assert.notEqual(proxied.apis.storage.last.token, last.token);
});

test("the program of the page uploads a blob", async () => {
  const program = await NodeProgram.start(block("proxy-azure-storage-blob").text, variables(proxied));
  const { error } = await program.call("reports", "2026/notes.txt", "Grüße");
  await program.stop();
  assert.equal(error?.text, undefined);
  assert.equal(String(await container.getBlobClient("2026/notes.txt").downloadToBuffer()), "Grüße");
});
