// Octokit through the proxy, with a client key in place of a token, at an API whose tokens are those of a GitHub App.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inspect } from "node:util";

import { Octokit } from "@octokit/core";

import { AUDIT, REPORTS } from "../workerd/harness/fixtures.mjs";
import { block } from "./harness/docs.mjs";
import { NodeProgram } from "./harness/node_program.mjs";
import { openProxied, variables } from "./harness/proxied.mjs";

const ISSUES = "/repos/{owner}/{repo}/issues";
const repository = { owner: "octo-org", repo: "broker" };

let proxied;
let octokit;
before(async () => {
  proxied = await openProxied();
  octokit = client(REPORTS.key);
});
after(() => proxied?.close());

const client = (auth) => new Octokit({ auth, baseUrl: `${proxied.url}/github` });

/** What its user sees. */
async function shown(call) {
  const error = await call.then(
    () => assert.fail("it succeeds"),
    (error) => error,
  );
  proxied.world.sweep.record("error of Octokit", inspect(error, { depth: 5 }));
  return error;
}

test("it sends its own scheme, and the API gets the token of the app's installation", async () => {
  const { status, data, headers } = await octokit.request(`GET ${ISSUES}`, repository);
  assert.deepEqual([status, data.length], [200, 2]);
  const { authorization, "user-agent": agent, accept } = proxied.apis.github.last.headers;
  assert.match(authorization, /^Bearer ghs_/);
  assert.match(agent, /^octokit-core\.js\//);
  assert.equal(accept, "application/vnd.github.v3+json");
  assert.match(headers.link, /^<https:\/\/api\.github\.com\/repositories\/1\/issues\?page=2>; rel="next"/);
  assert.deepEqual([headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]], ["5000", "4999"]);
});

test("it creates an issue", async () => {
  const { status, data, headers } = await octokit.request(`POST ${ISSUES}`, { ...repository, title: "Größe" });
  assert.deepEqual([status, data.title], [201, "Größe"]);
  assert.match(headers.location, /^https:\/\/api\.github\.com\//);
});

test("what has not changed is not sent again", async () => {
  const { headers } = await octokit.request("GET /repos/{owner}/{repo}", repository);
  const again = { ...repository, headers: { "if-none-match": headers.etag } };
  assert.equal((await shown(octokit.request("GET /repos/{owner}/{repo}", again))).status, 304);
});

test("errors of GitHub are shown as GitHub's", async () => {
  const missing = await shown(octokit.request("GET /repos/{owner}/{repo}/nothing", repository));
  assert.deepEqual([missing.name, missing.status], ["HttpError", 404]);
  assert.equal(missing.message, "Not Found - https://docs.github.com/rest");
  const invalid = await shown(octokit.request(`POST ${ISSUES}`, { ...repository, title: "" }));
  assert.equal(invalid.status, 422);
  assert.match(invalid.message, /^Validation Failed: .*missing_field/);
});

test("errors of the broker are shown in the broker's words", async () => {
  for (const [call, status, words] of [
    [() => client(AUDIT.key).request(`POST ${ISSUES}`, repository), 403, /insufficient_scope.*method/],
    [() => client(AUDIT.key).request(`GET ${ISSUES}`, repository), 403, /insufficient_scope.*path/],
    [() => client(`etb_${"A".repeat(43)}`).request(`GET ${ISSUES}`, repository), 401, /invalid_token/],
  ]) {
    const received = proxied.apis.github.received.length;
    const error = await shown(call());
    assert.equal(error.status, status);
    assert.match(error.message, /^Unknown error: \{"error":/);
    assert.match(error.message, words);
    assert.equal(proxied.apis.github.received.length, received);
  }
});

test("a redirect is handed back, and is not followed with the app's token", async () => {
  const request = { redirect: "manual" };
  const moved = await octokit.request("GET /repos/octo-org/old-name", { request });
  assert.deepEqual([moved.status, moved.headers.location], [301, "https://api.github.com/repositories/1"]);
  const { headers } = await octokit.request("GET /repos/{owner}/{repo}/tarball", { ...repository, request });
  assert.match(headers.location, /^https:\/\/codeload\.github\.com\/.*token=PRE-AUTHENTICATED$/);
});

test("the program of the page reads a list to its end", async () => {
  const program = await NodeProgram.start(block("proxy-octokit").text, variables(proxied));
  const { value, error } = await program.call("octo-org", "broker");
  await program.stop();
  assert.equal(error?.text, undefined);
  assert.deepEqual(value.slice(0, 5), ["one", "two", "three", "four", "five"]);
});
