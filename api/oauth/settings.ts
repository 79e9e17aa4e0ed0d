/** How long what the authorisation server gives is good. */
export interface OauthSettings {
  /** CI-SIS: one hour (mssante.md 6.4). */
  readonly accessSeconds: number;
  /** Without a use for as long, a refresh token is over: as a session without activity. */
  readonly refreshSeconds: number;
  /** No token of a family outlives it: as a session. */
  readonly grantSeconds: number;
  /** How long a family that has ended is kept, for who asks why. */
  readonly keptDays: number;
  /** What the proxy in front presents with a client certificate that it has verified; null = none stands there. */
  readonly frontKey: string | null;
  /** Public origin of that proxy. */
  readonly frontUrl: string | null;
}

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
