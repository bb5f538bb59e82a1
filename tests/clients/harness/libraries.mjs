// Client libraries in use, each as the program of its block of docs/callers.md.

/** @import { openWorld } from "../../workerd/harness/world.mjs" */
/** @import { Api } from "./api.mjs" */

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
 * @property {Api} [api] That it calls.
 */

/**
 * @typedef {(source: string, env: Env, resource: string) => Promise<Program>} Start An API of the program takes tokens for
 *   the resource.
 */

/** @typedef {Record<string, string | undefined>} Env What is undefined is not there. */

/**
 * @typedef {object} Library
 * @property {string} block
 * @property {string} row In the table of docs/callers.md.
 * @property {string[]} env The blocks of its environment.
 * @property {boolean} keeps It keeps a token until shortly before its end.
 * @property {number} [keepsUntilSecs] How shortly, if that is not five minutes.
 * @property {boolean} [renewsBehind] It renews the token behind a call.
 * @property {string} route In the broker's log.
 * @property {Start} start
 * @property {Own} [own]
 */

/**
 * @typedef {object} Own What differs from the page.
 * @property {string} [scope] In place of the page's.
 * @property {string} [key] In place of the client's key.
 * @property {Env} [env] More variables.
 * @property {Record<string, string>} [texts] Texts of the block that are each user's own, and what stands in their place.
 */

/** The programs of each world, also those that are still starting. @type {WeakMap<World, Promise<Program>[]>} */
const started = new WeakMap();

/**
 * Starts the program of a block in an environment of which the page says everything.
 * @param {World} world
 * @param {Pick<Library, "block" | "env" | "start" | "own">} library
 * @param {Own} more
 */
export function startLibrary(world, { block: name, env, start, own = {} }, more = {}) {
  const { scope = GRAPH, key = REPORTS.key } = more;
  world.sweep.secret("client key", key);
  const given = { BROKER: world.broker.url, BROKER_CLIENT_ID: REPORTS.id, BROKER_KEY: key };
  const resource = (/** @type {string} */ of) => of.replace(/\/\.default$/, "");
  const source = Object.entries({ ...own.texts, ...more.texts, [resource(GRAPH)]: resource(scope) }).reduce(
    (text, [theirs, ours]) => text.replaceAll(theirs, ours),
    block(name).text,
  );
  const all = { ...environment(env, given), ...localCa().env, ...own.env, ...more.env };
  const program = start(source, all, resource(scope));
  started.set(world, [...(started.get(world) ?? []), program]);
  return program;
}

/**
 * The first library with this block, or with this row of the table.
 * @param {Library[]} libraries
 * @param {string} name
 */
export function find(libraries, name) {
  const found = libraries.find(({ block, row }) => block === name || row === name);
  if (!found) throw new Error(`no library has the block or the row ${name}`);
  return found;
}

/**
 * The program that calls an API. The value of a call is the token that the API got.
 * @param {Program} program
 * @param {Api} api
 * @param {(value: any) => string} token Where the program's own value has it.
 * @returns {Program}
 */
export function named(program, api, token) {
  const call = program.call.bind(program);
  return Object.assign(program, {
    api,
    async call(/** @type {unknown[]} */ ...args) {
      const outcome = await call(...args);
      return outcome.error ? outcome : { ...outcome, value: token(outcome.value) };
    },
  });
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

/** What a machine under load may add to a call. */
const LOAD_MS = 10_000;

/**
 * What the table of docs/callers.md quotes for a library in a situation is in what its user sees, as soon as it says.
 * @param {World} world
 * @param {Library["row"]} row
 * @param {string} situation
 * @param {Outcome} outcome
 */
export function assertShown(world, row, situation, { error, tookMs }) {
  assert.ok(error, "an error");
  world.sweep.record(`error of ${row}`, error.text);
  const said = cell(row, situation);
  const quoted = [...said.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
  assert.ok(quoted.length > 0, `the table says nothing of ${row}: ${situation}. Its error:\n${error.text}`);
  for (const text of quoted)
    assert.ok(error.text.includes(text), `"${text}" is not in what ${row} shows:\n${error.text}`);
  const [, least = "0", most = least] = /after (\d+)(?: to (\d+))? s/.exec(said) ?? [];
  const inTime = tookMs >= 1000 * (Number(least) - 1) && tookMs < 1000 * Number(most) + LOAD_MS;
  assert.ok(inTime, `${row}: ${situation} took ${tookMs} ms`);
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
