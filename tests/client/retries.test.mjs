// `Retry-After` of the broker: who waits, and for how long.

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import {
  SCOPE,
  START,
  credentialAt,
  granted,
  network,
  pass,
  refused,
  startTime,
  stateOf,
  stopTime,
} from "./harness.mjs";

beforeEach(stopTime);
afterEach(startTime);

const busy = (after, status = 503) => refused(status, "temporarily_unavailable", { headers: { "retry-after": after } });

/** A call, and the requests that it has sent so far. */
function calling(answers, more, options) {
  const { fetch, received } = network({ "broker.example": answers });
  const call = credentialAt(fetch, more).getToken(SCOPE, options);
  call.catch(() => {}); // a test looks at it later
  return { call, received };
}

for (const status of [429, 502, 503]) {
  test(`a ${status} with Retry-After is repeated after that time, and not before`, async () => {
    const { call, received } = calling([busy("2", status), granted("t")]);
    await pass(1.9);
    assert.equal(received.length, 1);
    await pass(0.1);
    assert.equal((await call).token, "t");
    assert.equal(received.length, 2);
    assert.equal((await call).expiresOnTimestamp, START + 3_602_000);
  });
}

for (const date of ["Fri, 27 Nov 2026 00:00:04 GMT", "Friday, 27-Nov-26 00:00:04 GMT", "Fri Nov 27 00:00:04 2026"])
  test(`a date is a time, too: ${date}`, async () => {
    const { call, received } = calling([busy(date), granted("t")]);
    await pass(3.9);
    assert.equal(received.length, 1);
    await pass(0.1);
    assert.equal((await call).token, "t");
  });

for (const [what, answer, retryAfter] of [
  ["a longer time than the limit", busy("11"), 11],
  ["a date far away", busy("Fri, 31 Dec 2100 23:59:59 GMT"), undefined],
  ["no Retry-After", refused(503, "temporarily_unavailable"), undefined],
  ["one that is no time", busy("soon"), undefined],
  ["a negative number", busy("-5"), undefined],
  ["a fraction", busy("1.5"), undefined],
  ["a date that is no HTTP date", busy("2026-11-27"), undefined],
  ["a refusal that has one", busy("1", 403), 1],
]) {
  test(`${what} is told at once`, async () => {
    const { call, received } = calling([answer]);
    const { error } = await stateOf(call);
    assert.equal(error.name, "temporarily_unavailable");
    if (what !== "a date far away") assert.equal(error.retryAfter, retryAfter);
    assert.equal(received.length, 1);
  });
}

test("a request is repeated three times at most", async () => {
  const { call, received } = calling([busy("1")]);
  for (let turn = 0; turn < 3; turn += 1) await pass(1);
  assert.equal((await stateOf(call)).error.status, 503);
  assert.equal(received.length, 4);
});

test("all waits together are 10 s at most", async () => {
  const { call, received } = calling([busy("6")]);
  await pass(6);
  assert.equal((await stateOf(call)).error.retryAfter, 6);
  assert.equal(received.length, 2);
});

test("the options set other limits", async () => {
  const never = calling([busy("1")], { maxRetries: 0 });
  assert.equal((await stateOf(never.call)).error.status, 503);
  const longer = calling([busy("60"), granted("t")], { maxRetryWaitMs: 60_000 });
  await pass(60);
  assert.equal((await longer.call).token, "t");
});

test("the signal ends the waiting", async () => {
  const controller = new AbortController();
  const { call, received } = calling([busy("5"), granted("t")], {}, { abortSignal: controller.signal });
  await pass(1);
  controller.abort();
  await assert.rejects(call, { name: "AbortError" });
  await pass(10);
  assert.equal(received.length, 1);
});
