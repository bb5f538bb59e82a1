// The numbers of the JavaScript. `tests/host/numbers.rs` holds them against src/base/limits.rs.

/** Longest request body, in characters. */
export const REQUEST_BODY_MAX = 16 * 1024;

/** Longest request id that is taken over from a caller. */
export const REQUEST_ID_MAX = 64;

/** A body is collected in a buffer that begins with this many bytes; a token request has a few hundred. */
export const BODY_BUFFER_BYTES = 2048;

/**
 * How often a waiting request looks whether a panic has discarded its memory, in milliseconds. Longer than the coordinator
 * timeout, so that a healthy wait is never interrupted.
 */
export const MEMORY_CHECK_MS = 5_200;
