// Every number of the client. The first ones are those of the broker (src/base/limits.rs), in seconds.

/** Tokens with at most this much time left are renewed `RENEW_AHEAD_SHORT` before they expire. */
export const SHORT_LIFETIME = 20 * 60;
/** Tokens with this much time left, or more, are renewed `RENEW_AHEAD_LONG` before they expire. */
export const LONG_LIFETIME = 90 * 60;
export const RENEW_AHEAD_SHORT = 5 * 60;
export const RENEW_AHEAD = 15 * 60;
export const RENEW_AHEAD_LONG = 60 * 60;
/** Divisor of the time left for the most that the renew-ahead may be. */
export const RENEW_AHEAD_LIFETIME_DIVISOR = 2;

/** How many times a request is repeated because of `Retry-After`, if the options say nothing else. */
export const MAX_RETRIES = 3;
/** The longest that these waits may take together. */
export const MAX_RETRY_WAIT_MS = 10_000;
/** One request to the broker, with its answer. The broker itself may wait 10 s for the authorization server, twice. */
export const TIMEOUT_MS = 30_000;
/** The longest timer that runtimes have: 32 bits with a sign. */
export const TIMER_MAX_MS = 2_147_483_647;

/** `brokerFetch` uses the token that it has, if the broker fails, as long as this much time is left. */
export const SERVE_FLOOR_MS = 60_000;
/** It then asks again after this time, if the broker names none. */
export const ASK_AGAIN_MS = 10_000;
/** One request for a newer token while the one in hand is good: its caller waits for nothing that it needs. */
export const RENEW_TIMEOUT_MS = 2_000;

/** A rejected token is not reported again before this time is over: the broker renews a token once a minute at most. */
export const REPORT_AGAIN_MS = 60_000;
/** How long a call in Workers waits for the report of another one: as long as the broker for the authorization server. */
export const REPORT_WAIT_MS = 10_000;
/** It looks this often whether the report is done. */
export const REPORT_POLL_MS = 50;

/** The most redirects of one request (Fetch standard, HTTP-redirect fetch). */
export const REDIRECTS_MAX = 20;
/** The longest `claims` that the broker takes (src/base/limits.rs). */
export const CLAIMS_MAX_CHARS = 4 * 1024;
/** The longest text of an answer that goes into an error. */
export const TEXT_MAX_CHARS = 1_024;
