import { isIP } from "node:net";
import { isPublicAddress } from "./public-address.ts";

export type ParsedUrl = { readonly ok: true; readonly url: string } | {
  readonly ok: false;
  readonly reason: string;
};

/**
 * The URL of a receiver: https, a name of the Internet, no password in it. What a name leads to is asked at each call.
 *
 * @param isPrivateAllowed for development and tests: http and private addresses too
 */
export function parseWebhookUrl(text: string, isPrivateAllowed: boolean): ParsedUrl {
  const url = URL.parse(text);
  if (url === null) return { ok: false, reason: "is not a URL" };
  if (url.protocol !== "https:" && !(isPrivateAllowed && url.protocol === "http:")) {
    return { ok: false, reason: "must begin with https://" };
  }
  if (url.username !== "" || url.password !== "") {
    return { ok: false, reason: "may hold no name or password" };
  }
  if (url.hash !== "") return { ok: false, reason: "may have no part after #" };
  if (!isPrivateAllowed) {
    const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
    const isName = isIP(host) === 0;
    if (!isName && !isPublicAddress(host)) return { ok: false, reason: "leads to a private address" };
    if (isName && (!host.includes(".") || /\.(localhost|local|internal|home\.arpa)$/.test(host))) {
      return { ok: false, reason: "is not a name of the Internet" };
    }
  }
  return { ok: true, url: url.href };
}
