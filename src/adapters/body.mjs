// Reading bodies to their end, but not far beyond a limit. Here and not in Rust: to wait costs less in JavaScript.

/** The body of a request, or `max + 1` characters of one that is longer; nothing where it could not be read. */
export async function requestText(request, max) {
  const declared = request.headers.get("content-length");
  try {
    // Over a service binding the declared length can be a lie.
    if (declared !== null && declared <= max) return (await request.text()).slice(0, max + 1);
    const bytes = declared > max ? undefined : await bytesUpTo(request.body ?? [], max);
    return bytes ? new TextDecoder().decode(bytes) : "x".repeat(max + 1);
  } catch {
    return undefined;
  }
}

/**
 * The bytes of a stream, or nothing where it has more than `max`. Copied together as they come: the runtime gives each
 * chunk some kilobytes of memory, and a caller may send one byte in each.
 */
export async function bytesUpTo(stream, max) {
  let bytes = new Uint8Array(Math.min(max, 2048));
  let length = 0;
  for await (const chunk of stream) {
    const end = length + chunk.byteLength;
    if (end > max) return undefined;
    if (end > bytes.byteLength) {
      const longer = new Uint8Array(Math.min(max, 2 * end));
      longer.set(bytes);
      bytes = longer;
    }
    bytes.set(chunk, length);
    length = end;
  }
  return bytes.subarray(0, length);
}
