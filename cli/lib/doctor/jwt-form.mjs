// Whether a proof is a JWT, and not a client key.

/** @param {string} text */
export const isJwt = (text) => /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(text);
