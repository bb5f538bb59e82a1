// The numbers of the JavaScript. A host test compares them with src/base/limits.rs.

/** Longest request body, in characters. */
export const REQUEST_BODY_MAX = 16 * 1024;

/** Longest message to a Durable Object, in bytes. */
export const OBJECT_MESSAGE_MAX = 16 * 1024;

/** Most members of a call's argument that are read: more than any method has. */
export const CALL_MEMBERS_MAX = 16;

/** Longest request id that the broker takes over from a caller. */
export const REQUEST_ID_MAX = 64;

/** Size of the buffer for a value of KV, in bytes. A sealed token has about 2 kB; a longer one takes more reads. */
export const VALUE_BUFFER_BYTES = 4096;

/** First size of the buffer for a body, in bytes. A token request has a few hundred. */
export const BODY_BUFFER_BYTES = 2048;

/**
 * How often a waiting request checks whether a panic has discarded its memory, in milliseconds. It is longer than the
 * coordinator timeout, so that it does not interrupt a healthy wait.
 */
export const MEMORY_CHECK_MS = 5_200;

/** Longest body of a proxied request that is sent on once more after a 401, in bytes. */
export const REPEATED_BODY_MAX = 64 * 1024;

/** Size of the buffers for a body that is counted as it passes, in bytes. Most chunks are short. */
export const SHORT_READ_BYTES = 4096;

/** The same once a body has filled one. Each read has its price. */
export const LONG_READ_BYTES = 64 * 1024;

/**
 * How long a caller may take to send the body of a proxied request, in milliseconds. The time limit of the API begins after it.
 */
export const SENDING_MAX_MS = 600_000;

/**
 * How long the rest of a body may take after its request was rejected, in milliseconds. A caller may wait for the answer before
 * it sends the rest.
 */
export const REST_OF_BODY_MAX_MS = 1_000;

/**
 * When a request for an API is a slow one, in milliseconds. From then on it is noted if its caller goes away. It is not above
 * the shortest time limit of an API.
 */
export const SLOW_MS = 1_000;
