/** Back-channel logout: the tokens by which the service tells its clients that a session has ended. */
import { randomUUID } from "node:crypto";
import { importJWK, SignJWT, UnsecuredJWT } from "jose";
import { z } from "zod";
import { type Keys, strangersKey } from "./keys.ts";
import { replaceClaims } from "./misbehaviour.ts";
import { type Person, subjectOf } from "./people.ts";

export const logoutShape = z.strictObject({
  /** Key or idNat of the person whose sessions end. */
  person: z.string().min(1),
  /** What the token names: one session of the person (the last), all of his, or both. */
  names: z.enum(["session", "person", "both"]).default("both"),
  /** `typ` of its header. */
  type: z.string().default("logout+jwt"),
  form: z.enum(["right", "none", "hs256", "unknown-key", "rs512"]).default("right"),
  /** Claims replaced, or removed by `null`. `iat`, `exp` are seconds relative to now. */
  claims: z.record(z.string(), z.unknown()).default({}),
  /** Sends it to the client too. */
  deliver: z.boolean().default(false),
  /** Ends the sessions here too, so that their refresh tokens are refused. */
  endsSessions: z.boolean().default(true),
});
export type LogoutWish = z.output<typeof logoutShape>;

/** A session that a client was given tokens of. */
export interface IssuedSession {
  readonly clientId: string;
  readonly subject: string;
  readonly sessionId: string;
  readonly grantId: string;
}

export async function signLogoutToken(
  keys: Keys,
  issuer: string,
  clientId: string,
  person: Person,
  sessionId: string | undefined,
  wish: LogoutWish,
): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const relative = Object.fromEntries(
    Object.entries(wish.claims).map(([name, value]) => [
      name,
      ["exp", "iat"].includes(name) && typeof value === "number" ? now + value : value,
    ]),
  );
  const claims = replaceClaims({
    iss: issuer,
    aud: clientId,
    iat: now,
    exp: now + 120,
    jti: randomUUID(),
    events: { "http://schemas.openid.net/event/backchannel-logout": {} },
    ...(wish.names === "person" ? {} : { sid: sessionId }),
    ...(wish.names === "session" ? {} : { sub: subjectOf(person) }),
  }, relative);
  const key = keys.newest();
  const header = { typ: wish.type, kid: key.kid };
  switch (wish.form) {
    case "right":
      return await new SignJWT(claims).setProtectedHeader({ alg: "RS256", ...header }).sign(key.privateKey);
    case "none":
      return new UnsecuredJWT(claims).encode();
    case "hs256":
      return await new SignJWT(claims).setProtectedHeader({ alg: "HS256", ...header })
        .sign(new TextEncoder().encode(JSON.stringify(key.publicJwk)));
    case "unknown-key":
      return await new SignJWT(claims).setProtectedHeader({ alg: "RS256", ...header })
        .sign((await strangersKey()).privateKey);
    case "rs512": {
      const privateKey = await importJWK(key.privateJwk, "RS512");
      return await new SignJWT(claims).setProtectedHeader({ alg: "RS512", ...header }).sign(privateKey);
    }
  }
}
