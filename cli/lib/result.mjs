// What a command prints on standard output.

/**
 * For a program one line of JSON, and for a person text.
 * @param {boolean} isForProgram
 * @param {object} value
 * @param {string} text
 */
export function printResult(isForProgram, value, text) {
  console.log(isForProgram ? JSON.stringify(value) : text);
}
