// What a check of `doctor` says.

/**
 * @typedef {object} Check
 * @property {string} name What is checked: the same word in every version.
 * @property {"ok" | "warn" | "fail" | "skip"} level `skip`: it could not be checked.
 * @property {string} message One sentence.
 * @property {string} toDo What to do; empty if there is nothing.
 */

/** @type {(name: string, message: string) => Check} */
export const ok = (name, message) => ({ name, level: "ok", message, toDo: "" });

/** @type {(name: string, message: string, toDo: string) => Check} */
export const warn = (name, message, toDo) => ({ name, level: "warn", message, toDo });

/** @type {(name: string, message: string, toDo: string) => Check} */
export const fail = (name, message, toDo) => ({ name, level: "fail", message, toDo });

/** @type {(name: string, what: string, why: string, toDo?: string) => Check} */
export const skip = (name, what, why, toDo = "") => ({
  name,
  level: "skip",
  message: `${what} not checked: ${why}`,
  toDo,
});
