/**
 * The defence against cross-site requests (RFC 10017 §6.1.3.3, ASVS 3.5.1): the session cookie alone never changes
 * anything, the browser must also say that the request comes from a page of this origin.
 */
const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** Whether a request of this method changes something, so that its origin must be proved. */
export function needsSameOrigin(method: string): boolean {
  return !safeMethods.has(method.toUpperCase());
}

/**
 * Whether the browser says that the request comes from this origin. `Sec-Fetch-Site` decides where it is sent (every
 * current browser, over https and on localhost); else `Origin` must be exactly the platform's. Neither = refused.
 *
 * Also asked of a WebSocket handshake, which is a GET that no CORS rule restrains.
 *
 * @param baseUrl the platform's origin, e.g. `https://mail.example.fr`
 */
export function isSameOrigin(headers: Headers, baseUrl: string): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const origin = headers.get("origin");
  return origin !== null && origin === originOf(baseUrl);
}

/** A process has one base URL: it is taken apart once. */
let known = { baseUrl: "", origin: "" };
function originOf(baseUrl: string): string {
  if (known.baseUrl !== baseUrl) known = { baseUrl, origin: new URL(baseUrl).origin };
  return known.origin;
}
