// What the platform knows about a caller. Only looked at where it is needed: each of these costs.

/** `[client id of the service binding, JWT of Cloudflare Access, fingerprint of the client certificate]`. */
export function ambient(request, context) {
  const bound = context.props?.client_id;
  return [
    typeof bound === "string" ? bound : undefined,
    request.headers.get("cf-access-jwt-assertion") ?? undefined,
    certificate(request.cf?.tlsClientAuth),
  ];
}

/** A certificate counts where the edge has verified it; `certVerified` says nothing about revocation. */
function certificate(tls) {
  const good = tls?.certPresented === "1" && tls.certVerified === "SUCCESS" && tls.certRevoked === "0";
  return good && typeof tls.certFingerprintSHA256 === "string" ? tls.certFingerprintSHA256 : undefined;
}

/** The address that Cloudflare saw, or nothing. */
export function address(request) {
  return request.headers.get("cf-connecting-ip") ?? undefined;
}

/** The origin of the page that asks, or nothing. */
export function origin(request) {
  return request.headers.get("origin") ?? undefined;
}
