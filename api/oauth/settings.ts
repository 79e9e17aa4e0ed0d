import type { OauthSettings } from "../config-oauth.ts";

/** The one scope: the boxes that the person opens, by JMAP. */
export const mailScope = "urn:ietf:params:oauth:scope:mail";
export const codeSeconds = 60;
/** An answer lost on the way is asked for again within so long; the same successor is given, never another. */
export const graceSeconds = 10;
/** So much nearer than the truth the time of a last use is not kept. */
export const useMilliseconds = 60_000;

/** Whether a token is wanted for this platform (RFC 8707, 8693): it is good for its JMAP alone, by whichever of its two doors. */
export function isOurs(
  { baseUrl, settings }: { readonly baseUrl: string; readonly settings: OauthSettings },
  target: string,
): boolean {
  return [baseUrl, settings.frontUrl].some((one) =>
    one !== null && (target === one || target.startsWith(`${one}/`))
  );
}
