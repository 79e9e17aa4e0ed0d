/** The room's dependencies, made once per process; and what its verbs are told of a request beside the Context. */
import type { AppDeps, Context } from "../context.ts";
import { type Guard, openGuard } from "../guard/mod.ts";
import {
  asPerson,
  createSeal,
  displayNameOf,
  type Identity,
  type Seal,
  type SessionDependencies,
} from "../identity/mod.ts";

/** Binds what is under way to the browser that began it. */
export const ceremonyCookie = "__Host-mss_staff";

export interface Staff extends SessionDependencies {
  readonly guard: Guard;
  readonly seal: Seal;
  /** The origin that passkeys are made for; its host is their relying party. */
  readonly baseUrl: string;
  /** What applications for codes and passkeys show beside the login. */
  readonly name: string;
}

/** The browser of a request. */
export interface Caller {
  /** For the guard: where the request comes from. */
  readonly address: string;
  /** Its cookie of a ceremony. */
  readonly binding: string | undefined;
  /** Its session's token, which a sign-in replaces. */
  readonly sessionToken: string | undefined;
}

export function createStaff(deps: AppDeps, identity: Identity): Staff {
  const { config } = deps;
  return {
    db: deps.db,
    now: deps.now,
    cache: identity.cache,
    limits: identity.limits,
    guard: openGuard(deps),
    seal: createSeal(config.session.keys),
    baseUrl: config.baseUrl,
    name: `MSSanté ${config.operatorDomain}`,
  };
}

/** Secrets of one-time codes as they are kept: sealed, and each for its owner alone. */
export function sealSecret(staff: Staff, secret: Uint8Array, personId: string): Uint8Array {
  return staff.seal.seal(secret.toBase64(), `totp ${personId}`);
}

/** Undefined when its key is gone: the person needs a recovery code, a passkey, or a reset. */
export function openSecret(staff: Staff, sealed: Uint8Array, personId: string): Uint8Array | undefined {
  const text = staff.seal.open(sealed, `totp ${personId}`);
  return text === undefined ? undefined : Uint8Array.fromBase64(text);
}

export interface Named {
  readonly person_id: string;
  readonly given_name: string;
  readonly family_name: string;
}

/** From here on the acts are the person's own. */
export function asStaff(ctx: Context, person: Named, sessionId = ""): Context {
  return asPerson(ctx, {
    personId: person.person_id,
    displayName: displayNameOf(person.given_name, person.family_name),
    sessionId,
  });
}

/** The address of a link. Its secret stands behind `#`: no server, log or Referer sees it (ASVS 14.2.1). */
export function enrolmentUrl(baseUrl: string, link: string): string {
  return `${baseUrl}/sign-in?staff#${link}`;
}
