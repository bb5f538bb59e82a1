// The challenges with which an API rejects a token (RFC 9110 §11.6.1). The broker reads them in the same way
// (src/oauth/challenge.rs).

import { CLAIMS_MAX_CHARS } from "./limits.mjs";

const SEPARATORS = /[ \t,]*/y;
/** A parameter: its name, and its value as a quoted string or as it is. */
const PARAMETER = /([^ \t,="]*)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\[^])*)"|(?![ \t"])([^ \t,"]*))/y;
/** What begins a challenge; or a quoted string that belongs to nothing. */
const OTHER = /([^ \t,="]+)|"(?:[^"\\]|\\[^])*"/y;

/**
 * The `claims` of the first Bearer challenge that has them. The field has one challenge or several, and what separates them
 * also separates their parameters: a word is a parameter if `=` follows it, else it begins a challenge.
 * @param {string | null} field
 * @returns {string | undefined}
 */
export function claimsOf(field) {
  let isBearer = false;
  let at = 0;
  /** @param {RegExp} pattern */
  const take = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(field ?? "");
    if (found) at = pattern.lastIndex;
    return found;
  };
  for (;;) {
    take(SEPARATORS);
    const parameter = take(PARAMETER);
    if (!parameter) {
      const other = take(OTHER);
      if (!other) return undefined;
      if (other[1] !== undefined) isBearer = other[1].toLowerCase() === "bearer";
      continue;
    }
    const [, name = "", quoted, plain = ""] = parameter;
    if (!isBearer || name.toLowerCase() !== "claims") continue;
    const value = quoted ?? plain;
    return value.length <= CLAIMS_MAX_CHARS ? value.replace(/\\([^])/g, "$1") : undefined;
  }
}
