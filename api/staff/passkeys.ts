/** Passkeys (WebAuthn level 3): options for the browser, and what is required of its answer. No I/O. */
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import type { PasskeyRefusal } from "./refusal.ts";

export interface Site {
  readonly baseUrl: string;
  readonly name: string;
}

const rpIdOf = ({ baseUrl }: Site) => new URL(baseUrl).hostname;

/** Options for a new passkey: discoverable, so that nobody types a login; the person verified, so that it is two factors. */
export async function newPasskeyOptions(
  site: Site,
  owner: { readonly personId: string; readonly login: string; readonly displayName: string },
  known: readonly { readonly credential_id: string }[],
) {
  return await generateRegistrationOptions({
    rpName: site.name,
    rpID: rpIdOf(site),
    userID: new TextEncoder().encode(owner.personId),
    userName: owner.login,
    userDisplayName: owner.displayName,
    attestationType: "none",
    excludeCredentials: known.map(({ credential_id: id }) => ({ id })),
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
    timeout: 120_000,
  });
}

/** Options for showing one. `allowed` undefined: whichever the browser has for this site. */
export async function passkeyOptions(site: Site, allowed?: readonly { readonly credential_id: string }[]) {
  return await generateAuthenticationOptions({
    rpID: rpIdOf(site),
    userVerification: "required",
    timeout: 120_000,
    ...(allowed === undefined ? {} : { allowCredentials: allowed.map(({ credential_id: id }) => ({ id })) }),
  });
}

export type Verified<T> = ({ readonly ok: true } & T) | {
  readonly ok: false;
  readonly reason: PasskeyRefusal;
};

export interface NewPasskey {
  readonly credentialId: string;
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly isSynced: boolean;
}

export async function verifyNewPasskey(
  site: Site,
  challenge: string,
  response: RegistrationResponseJSON,
): Promise<Verified<{ passkey: NewPasskey }>> {
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: site.baseUrl,
      expectedRPID: rpIdOf(site),
      requireUserVerification: true,
    });
    if (!verified || registrationInfo === undefined) return { ok: false, reason: "passkey-invalid" };
    const { credential, credentialBackedUp } = registrationInfo;
    return {
      ok: true,
      passkey: {
        credentialId: credential.id,
        publicKey: credential.publicKey,
        counter: credential.counter,
        transports: credential.transports ?? [],
        isSynced: credentialBackedUp,
      },
    };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

/** Whether the answer was made by this passkey for this challenge and site. Its counter is the caller's to judge. */
export async function verifyPasskey(
  site: Site,
  challenge: string,
  passkey: { readonly credential_id: string; readonly public_key: Uint8Array },
  response: AuthenticationResponseJSON,
): Promise<Verified<{ counter: number }>> {
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: site.baseUrl,
      expectedRPID: rpIdOf(site),
      requireUserVerification: true,
      credential: {
        id: passkey.credential_id,
        publicKey: new Uint8Array(passkey.public_key),
        // Judged by `isCloned`, which needs to be told apart from other faults.
        counter: 0,
      },
    });
    return verified
      ? { ok: true, counter: authenticationInfo.newCounter }
      : { ok: false, reason: "passkey-invalid" };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

/** A counter that does not rise: two devices hold this key (WebAuthn §6.1.1). Synced passkeys stay at 0. */
export function isCloned(before: number, now: number): boolean {
  return (before > 0 || now > 0) && now <= before;
}

/** The library says its reasons in sentences that quote what was sent: only which of them goes further. */
function reasonOf(error: unknown): PasskeyRefusal {
  const sentence = error instanceof Error ? error.message : "";
  if (/challenge/i.test(sentence)) return "passkey-challenge";
  if (/origin/i.test(sentence)) return "passkey-origin";
  if (/RP ID/i.test(sentence)) return "passkey-relying-party";
  if (/user verification|not present/i.test(sentence)) return "passkey-user-not-verified";
  return "passkey-invalid";
}
