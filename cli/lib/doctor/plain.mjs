// Text of other programs and servers, made fit for a line: without colours, line breaks and secrets.

import { stripVTControlCharacters } from "node:util";

const MAX_CHARACTERS = 300;
/** The variables in which a person gives a secret to this command or to wrangler. */
const secretVariables = ["BROKER_KEY", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY", "CF_API_TOKEN", "CF_API_KEY"];

/**
 * One line of visible characters.
 * @param {string} text
 * @param {string[]} secrets Each of them is left out.
 */
export function plain(text, secrets = []) {
  const known = [...secrets, ...secretVariables.map((name) => process.env[name] ?? "")].filter((secret) => secret);
  const line = stripVTControlCharacters(text)
    .replace(/[\p{C}\p{Z}]+/gu, " ")
    .trim();
  const clean = known.reduce((clean, secret) => clean.replaceAll(secret, "…"), line);
  return clean.length > MAX_CHARACTERS ? `${clean.slice(0, MAX_CHARACTERS)}…` : clean;
}

/**
 * The sentences of a message of wrangler. A value of the configuration in them is left out.
 * @param {string} text
 */
export function sentencesOf(text) {
  return stripVTControlCharacters(text)
    .split("\n")
    .map((line) => line.replace(/^[\s▲✘-]*(\[(WARNING|ERROR)\])?\s*/, "").replace(/\bbut got .*/, "and is not"))
    .filter((line) => line !== "" && !/^(Processing|🪵)/.test(line))
    .map((line) => plain(line));
}
