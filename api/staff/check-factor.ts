/** Looks at a factor that was shown, inside the transaction that acts on it. Nothing here refuses or traces by itself. */
import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import type { Context } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";
import { secondsToWait } from "./code-failures.ts";
import {
  findPasskeyForUpdate,
  noteCodeFailure,
  notePasskeyCloned,
  notePasskeyUsed,
  takeRecoveryCode,
  takeStep,
} from "./factor-queries.ts";
import { stepOf } from "./one-time-code.ts";
import { isCloned, verifyPasskey } from "./passkeys.ts";
import type { AccountRow } from "./queries.ts";
import { hashRecoveryCode, readRecoveryCode } from "./recovery-codes.ts";
import type { StaffRefusal } from "./refusal.ts";
import { openSecret, sealSecret, type Staff } from "./staff.ts";

/** Why somebody may not sign in although his secret was right. */
export function standingOf(account: AccountRow): StaffRefusal | undefined {
  const isActive = account.status === "active" && account.person_status === "active";
  return isActive ? undefined : "staff-account-not-active";
}

export type CodeVerdict =
  | { readonly ok: true; readonly amr: "pwd+otp" | "pwd+recovery" }
  | {
    readonly ok: false;
    readonly reason: StaffRefusal;
    readonly factor: string;
    /** Nothing was looked at: the code may be right then. */
    readonly retryAfterSeconds?: number | undefined;
  };

/** Takes a one-time code or a recovery code: what is right once is not right again. The account is locked by the caller. */
export async function takeCode(
  staff: Staff,
  tx: Tx,
  ctx: Context,
  account: AccountRow,
  typed: string,
): Promise<CodeVerdict> {
  const recoveryCode = readRecoveryCode(typed);
  if (recoveryCode !== undefined) {
    const isTaken = await takeRecoveryCode(
      tx,
      account.person_id,
      hashRecoveryCode(recoveryCode),
      ctx.now(),
    );
    return isTaken
      ? { ok: true, amr: "pwd+recovery" }
      : { ok: false, reason: "staff-recovery-code", factor: "recovery" };
  }
  if (account.totp_secret === null) return { ok: false, reason: "staff-no-second-factor", factor: "otp" };
  const secret = openSecret(staff, account.totp_secret, account.person_id);
  if (secret === undefined) return { ok: false, reason: "staff-secret-unreadable", factor: "otp" };
  const retryAfterSeconds = secondsToWait(account, ctx.now());
  if (retryAfterSeconds > 0) {
    return { ok: false, reason: "staff-codes-slowed", factor: "otp", retryAfterSeconds };
  }
  const step = stepOf(typed, secret, ctx.now());
  if (step === undefined) {
    await noteCodeFailure(tx, account.person_id, ctx.now());
    return { ok: false, reason: "staff-code", factor: "otp" };
  }
  // Sealed anew at each use: an older key can go once everybody has signed in.
  if (!await takeStep(tx, account.person_id, step, sealSecret(staff, secret, account.person_id))) {
    return { ok: false, reason: "staff-code-replayed", factor: "otp" };
  }
  return { ok: true, amr: "pwd+otp" };
}

export type PasskeyVerdict =
  | { readonly ok: true; readonly personId: string }
  | { readonly ok: false; readonly reason: StaffRefusal; readonly personId: string | undefined };

/** @param challenge that of the ceremony, which the caller has ended: it is answered once, rightly or not */
export async function checkPasskey(
  staff: Staff,
  tx: Tx,
  ctx: Context,
  challenge: string,
  response: AuthenticationResponseJSON,
): Promise<PasskeyVerdict> {
  const passkey = await findPasskeyForUpdate(tx, response.id);
  if (passkey === undefined) return { ok: false, reason: "passkey-unknown", personId: undefined };
  const personId = passkey.person_id;
  const verified = await verifyPasskey(staff, challenge, passkey, response);
  if (!verified.ok) return { ok: false, reason: verified.reason, personId };
  const handle = response.response.userHandle;
  if (handle !== undefined && handle !== "" && handle !== userHandleOf(personId)) {
    return { ok: false, reason: "passkey-other-person", personId };
  }
  if (passkey.cloned_at !== null || isCloned(passkey.counter, verified.counter)) {
    await notePasskeyCloned(tx, passkey.id, ctx.now());
    return { ok: false, reason: "passkey-cloned", personId };
  }
  await notePasskeyUsed(tx, passkey.id, verified.counter, ctx.now());
  return { ok: true, personId };
}

/** As the browser gives back what `newPasskeyOptions` named the person. */
function userHandleOf(personId: string): string {
  return new TextEncoder().encode(personId).toBase64({ alphabet: "base64url", omitPadding: true });
}
