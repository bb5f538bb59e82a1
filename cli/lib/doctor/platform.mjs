// What the broker needs of the platform: bindings, migrations, compatibility date and flags, the cron trigger.

/** @import { Check } from "./check.mjs" */
/** @import { Config } from "./read-config.mjs" */

import { fail, ok, warn } from "./check.mjs";

/** With which date and flag the broker is tested. */
export const testedDate = "2026-11-01";
export const neededFlag = "enable_request_signal";

/** The Durable Objects: binding → its class, and what the broker lacks without it. */
export const objects = {
  COORDINATOR: {
    className: "TokenCoordinator",
    lack: "each location of the network asks the authorization server by itself, and no token is renewed ahead",
  },
  ASSERTIONS: {
    className: "AssertionLedger",
    lack: "a client assertion is good once in each isolate, and not once in the whole network",
  },
};

/**
 * @param {Config} config
 * @param {string} file
 * @param {Date} now
 * @returns {Check[]}
 */
export function platform(config, file, now) {
  const bound = Object.entries(objects).flatMap(([binding, object]) => durable(binding, object, config, file));
  return [tokens(config, file), ...bound, date(config, file, now), flag(config, file), ...cron(config, file)];
}

/**
 * @param {Config} config
 * @param {string} file
 */
function tokens({ kv_namespaces }, file) {
  const namespace = kv_namespaces.find(({ binding }) => binding === "TOKENS");
  if (namespace === undefined)
    return fail(
      "tokens",
      "KV namespace TOKENS is not bound: every isolate has to fetch every token",
      `Add to ${file}, without an id (the first deploy makes the namespace):\n[[kv_namespaces]]\nbinding = "TOKENS"`,
    );
  return ok("tokens", `KV namespace TOKENS is bound${namespace.id ? "" : "; the first deploy makes it"}`);
}

/**
 * @param {string} binding
 * @param {{ className: string, lack: string }} object
 * @param {Config} config
 * @param {string} file
 */
function durable(binding, { className, lack }, config, file) {
  const name = binding.toLowerCase();
  const found = config.durable_objects.bindings.find((object) => object.name === binding);
  const migration = `[[migrations]]\ntag = "…"  # a new one, behind those that are there\nnew_sqlite_classes = ["${found?.class_name ?? className}"]`;
  if (found === undefined) {
    const entry = `[[durable_objects.bindings]]\nname = "${binding}"\nclass_name = "${className}"`;
    const toDo = `Add to ${file}:\n${entry}${hasClass(config, className) ? "" : `\n${migration}`}`;
    return [warn(name, `Durable Object ${binding} is not bound: ${lack}`, toDo)];
  }
  // A class of another Worker has its migration there.
  if (found.script_name !== undefined || hasClass(config, found.class_name))
    return [ok(name, `Durable Object ${binding} is bound to ${found.class_name}`)];
  const message = `Durable Object ${binding}: no migration makes its class ${found.class_name}, so it cannot be deployed`;
  return [fail(name, message, `Add to ${file}:\n${migration}`)];
}

/**
 * Whether the migrations, in their order, leave the class there.
 * @param {Config} config
 * @param {string} className
 */
function hasClass({ migrations, exports = {} }, className) {
  const classes = new Set(Object.keys(exports));
  for (const migration of migrations) {
    const { new_classes = [], new_sqlite_classes = [], renamed_classes = [], transferred_classes = [] } = migration;
    for (const { from } of renamed_classes) classes.delete(from);
    for (const { to } of [...renamed_classes, ...transferred_classes]) classes.add(to);
    for (const made of [...new_classes, ...new_sqlite_classes]) classes.add(made);
    for (const deleted of migration.deleted_classes ?? []) classes.delete(deleted);
  }
  return classes.has(className);
}

/**
 * @param {Config} config
 * @param {string} file
 * @param {Date} now
 */
function date({ compatibility_date: date }, file, now) {
  const name = "compatibility_date";
  const toDo = `In ${file}: ${name} = "${testedDate}"`;
  if (!date) return fail(name, "there is no compatibility date, so the Worker runs as in 2021", toDo);
  if (date > now.toISOString().slice(0, 10))
    return fail(name, `compatibility date ${date} is in the future, so Cloudflare refuses the deploy`, toDo);
  if (date < testedDate)
    return warn(name, `compatibility date ${date} is older than ${testedDate}, with which the broker is tested`, toDo);
  return ok(name, `compatibility date ${date}`);
}

/**
 * @param {Config} config
 * @param {string} file
 */
function flag({ compatibility_flags }, file) {
  const name = "compatibility_flags";
  if (compatibility_flags.includes(neededFlag)) return ok(name, `compatibility flag ${neededFlag}`);
  return warn(
    name,
    `compatibility flag ${neededFlag} is missing: a caller of an API that goes away is not noted`,
    `In ${file}: compatibility_flags = ["${neededFlag}"]`,
  );
}

/**
 * @param {Config} config
 * @param {string} file
 */
function cron({ triggers, vars }, file) {
  const { crons = [] } = triggers;
  if (crons.length > 0) return [ok("cron", `cron trigger ${crons.join(", ")}`)];
  if (!/"keep_warm\\?":\s*true/.test(JSON.stringify(vars))) return [];
  const message =
    "there is no cron trigger: a token with keep_warm is fetched by its first request after a deploy only";
  return [warn("cron", message, `Add to ${file}:\n[triggers]\ncrons = ["*/5 * * * *"]`)];
}
