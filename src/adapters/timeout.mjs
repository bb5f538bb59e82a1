// A deadline for things that may never answer.

/** What `promise` comes to; rejected with "timeout" where that takes longer than `ms`. */
export function within(ms, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, ms, "timeout");
    promise.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}

/** A timer that can be stopped. */
export class Timer {
  #id;

  constructor(ms) {
    this.over = new Promise((resolve) => {
      this.#id = setTimeout(resolve, ms);
    });
  }

  stop() {
    clearTimeout(this.#id);
  }
}
