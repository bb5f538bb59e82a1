// The tiers behind isolate memory. The memory holds a thousand tokens, and a new one replaces the least recently used
// one. Requests for more tokens than that in turn find none in memory. Both brokers have this bound.
//
// The careful JavaScript Worker has no coordinator, so the compared rows have none either. With a coordinator, a KV hit
// also tells it that its token is in use; that is a row of its own.

/** @import { Backends, Client } from "../lib/backends.mjs" */
/** @import { Fleet, Options } from "../lib/fleet.mjs" */
/** @import { Row } from "../lib/rounds.mjs" */

import { getToken, newClient } from "../lib/backends.mjs";
import { withFleet } from "../lib/fleet.mjs";
import { measure } from "../lib/rounds.mjs";

/** More than the memory holds, with room for connections that run ahead of others. */
const CIRCLE = 1_920;
/** Unknown callers in a round. */
const FRESH = 160;

/**
 * @param {Backends} backends
 * @param {{ rounds: number, warmUp: number }} how
 */
export async function tiers(backends, { rounds, warmUp }) {
  const clients = Array.from({ length: CIRCLE }, (_, n) => newClient(n));
  const strangers = Array.from({ length: FRESH * (rounds + 2) }, (_, n) => newClient(CIRCLE + n));
  const circle = { requests: clients.map((client) => getToken(client)), amount: CIRCLE };
  return withFleet(backends, async (fleet) => {
    /** @param {Options} options */
    const alone = async (options) => ({
      server: await fleet.start("broker", { clients, ...options }),
      ...circle,
      reads: 1,
    });
    const heats = {
      kv: {
        floor: { requests: [getToken()], amount: CIRCLE, server: await fleet.start("floor") },
        broker: await alone({ coordinator: false }),
        careful: { ...circle, reads: 1, server: await fleet.start("careful", { clients }) },
      },
      coordinated: { broker: await alone({}) },
      coordinator: { broker: await alone({ kv: "empty" }) },
      miss: {
        broker: { ...(await alone({ coordinator: false, kv: "empty" })), asks: 1 },
        careful: { ...circle, reads: 1, asks: 1, server: await fleet.start("careful", { clients, kv: "empty" }) },
      },
      firstMiss: { broker: await strangersRow(fleet, strangers) },
    };
    const settle = () => backends.forget();
    return measure(heats, { rounds, warmUp, settle, after: (heat) => check(backends, Object.values(heat)) });
  });
}

/**
 * Tokens that have not been requested before, each with a coordinator of its own: as many as the rounds need.
 * @param {Fleet} fleet
 * @param {Client[]} strangers
 */
async function strangersRow(fleet, strangers) {
  const server = await fleet.start("broker", { clients: strangers, kv: "empty" });
  const all = strangers.map((client) => getToken(client));
  return {
    server,
    amount: FRESH,
    warmUp: FRESH,
    reads: 1,
    asks: 1,
    get requests() {
      return all.splice(0, FRESH);
    },
  };
}

/**
 * Checks that requests went to KV and upstream as often as their rows say.
 * @param {Backends} backends
 * @param {Row[]} rows
 */
function check(backends, rows) {
  const gets = backends.kv.gets.length + backends.emptyKv.gets.length;
  const asked = backends.authority.requests.length;
  backends.forget();
  /** @param {"reads" | "asks"} field */
  const wanted = (field) => rows.reduce((sum, row) => sum + (row[field] ?? 0) * row.amount, 0);
  /** @type {(count: number, field: "reads" | "asks") => boolean} */
  const near = (count, field) => Math.abs(count - wanted(field)) <= 0.01 * wanted(field);
  if (!near(gets, "reads") || !near(asked, "asks")) {
    const names = rows.map(({ server }) => server.name);
    throw new Error(
      `${names}: ${gets} KV reads for ${wanted("reads")}, ${asked} token requests for ${wanted("asks")}.`,
    );
  }
}
