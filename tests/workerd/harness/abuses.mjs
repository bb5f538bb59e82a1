// Attacks that need a certain broker or a certain order of requests. Each starts a world of its own, and throws if the
// attack gets through. A file in `abuses/` has those on one part of the broker.

import { readdirSync } from "node:fs";

/**
 * @typedef {object} Abuse
 * @property {string} what The attack, in a few words.
 * @property {() => Promise<void>} attack Throws if the attack gets through.
 */

const folder = new URL("./abuses/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".mjs"));
const modules = await Promise.all(files.sort().map((name) => import(new URL(name, folder).href)));

/** @type {Abuse[]} */
export const ABUSES = modules.flatMap((module) => module.ABUSES);
