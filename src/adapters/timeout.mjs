// A deadline for things that may never answer.

/** What `promise` comes to; rejected with "timeout" where that takes longer than `ms`. */
export function within(ms, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, ms, "timeout");
    promise.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}
