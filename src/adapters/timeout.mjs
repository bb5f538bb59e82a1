// A deadline for things that may never answer.

/** What `promise` comes to; rejected with "timeout" where that takes longer than `ms`. */
export async function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(reject, ms, "timeout");
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
