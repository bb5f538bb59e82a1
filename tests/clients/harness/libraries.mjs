// Client libraries in use, each as the program of its block of docs/callers.md.

/** @import { openWorld } from "../../workerd/harness/world.mjs" */

import assert from "node:assert/strict";

import { GRAPH, REPORTS } from "../../workerd/harness/fixtures.mjs";
import { localCa } from "../../workerd/harness/tls.mjs";
import { block, environment } from "./docs.mjs";
import { cell } from "./table.mjs";

/** @typedef {Awaited<ReturnType<typeof openWorld>>} World */

/** @typedef {{ name: string, message: string, text: string }} Shown An error as the program's user sees it. */

/** @typedef {{ value?: any, error?: Shown, tookMs: number }} Outcome Of a call of the program's function. */

/**
 * @typedef {object} Program
 * @property {(...args: unknown[]) => Promise<Outcome>} call
 * @property {(ms: number) => void} setClock Sets its clock that far ahead.
 * @property {() => Promise<void>} stop
 * @property {string[]} printed
 */

/**
 * @typedef {object} Library
 * @property {string} block
 * @property {string} row In the table of docs/callers.md.
 * @property {string[]} env The blocks of its environment.
 * @property {boolean} keeps It keeps a token until shortly before its end.
 * @property {number} [keepsUntilSecs] How shortly, if that is not five minutes.
 * @property {string} route In the broker's log.
 * @property {number} [sleepsMs] How long it sleeps at most before it tells an outage.
 * @property {(source: string, env: Record<string, string>) => Promise<Program>} start
 */

/**
 * @typedef {object} Own What differs from the page.
 * @property {string} [scope] In place of the page's.
 * @property {string} [key] In place of the client's key.
 * @property {Record<string, string>} [env] More variables.
 * @property {Record<string, string>} [texts] Texts of the block that are each user's own, and what stands in their place.
 */

/** The programs of each world, also those that are still starting. @type {WeakMap<World, Promise<Program>[]>} */
const started = new WeakMap();

/**
 * Starts the program of a block in an environment of which the page says everything.
 * @param {World} world
 * @param {Pick<Library, "block" | "env" | "start">} library
 * @param {Own} own
 */
export function startLibrary(world, { block: name, env, start }, own = {}) {
  const { scope = GRAPH, key = REPORTS.key } = own;
  world.sweep.secret("client key", key);
  const given = { BROKER: world.broker.url, BROKER_CLIENT_ID: REPORTS.id, BROKER_KEY: key };
  const resource = (/** @type {string} */ of) => of.replace(/\/\.default$/, "");
  const source = Object.entries({ ...own.texts, [resource(GRAPH)]: resource(scope) }).reduce(
    (text, [theirs, ours]) => text.replaceAll(theirs, ours),
    block(name).text,
  );
  const program = start(source, { ...environment(env, given), ...localCa().env, ...own.env });
  started.set(world, [...(started.get(world) ?? []), program]);
  return program;
}

/**
 * Sets the clocks of the broker and of every program that far ahead. The world has `CLOCK`.
 * @param {World} world
 * @param {number} secs
 */
export async function setClocks(world, secs) {
  await world.fetch(`/clock?ahead=${secs * 1000}`);
  for (const program of await Promise.all(started.get(world) ?? [])) program.setClock(secs * 1000);
}

/**
 * Ends every program, and gives what they printed to the sweep.
 * @param {World} world
 */
export async function stopLibraries(world) {
  for (const program of await Promise.allSettled(started.get(world) ?? [])) {
    if (program.status === "rejected") continue;
    await program.value.stop();
    world.sweep.record("output of a program", program.value.printed.join(""));
  }
}

/**
 * The token of an outcome, which the stand-in issued.
 * @param {World} world
 * @param {Outcome} outcome
 * @returns {string}
 */
export function tokenOf(world, { value, error }) {
  assert.equal(error?.text, undefined);
  assert.ok(world.authority.issued.includes(value), "a token that the stand-in issued");
  return value;
}

/**
 * What the table of docs/callers.md quotes for a library in a situation is in what its user sees.
 * @param {World} world
 * @param {Library["row"]} row
 * @param {string} situation
 * @param {Outcome} outcome
 */
export function assertShown(world, row, situation, { error }) {
  assert.ok(error, "an error");
  world.sweep.record(`error of ${row}`, error.text);
  const quoted = [...cell(row, situation).matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
  assert.ok(quoted.length > 0, `the table says nothing of ${row}: ${situation}. Its error:\n${error.text}`);
  for (const text of quoted)
    assert.ok(error.text.includes(text), `"${text}" is not in what ${row} shows:\n${error.text}`);
}

/**
 * The broker's log lines for a scope and a route.
 * @param {World} world
 * @param {string} scope
 * @param {string} route
 */
export async function requestsFor(world, scope, route) {
  await world.logOf(await world.fetch("/healthz"));
  return world.broker.log.filter((line) => line.scope === scope && line.route === route);
}
