/**
 * Signing in of the staff: a password and then a code, or a passkey, which is two factors by itself (what one has, and
 * what one knows or is: the device verifies its user).
 *
 * Nothing tells whether an account exists: the answers are the same, and so is the work (api/staff/password.ts).
 */
import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { forgetSessions } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { beginCeremony, type Begun, countFailure, openCeremony } from "./ceremony.ts";
import { deleteCeremony } from "./ceremony-queries.ts";
import { checkPasskey, type CodeVerdict, standingOf, takeCode } from "./check-factor.ts";
import { type OpenedSession, openSession } from "./open-session.ts";
import { passkeyOptions } from "./passkeys.ts";
import { isPassword } from "./password.ts";
import { type AccountRow, findAccount, findAccountByLogin, findAccountForUpdate } from "./queries.ts";
import { admit, type Attempt, noteRefusal, refuse, type Refused, type StaffRefusal } from "./refusal.ts";
import type { Caller, Staff } from "./staff.ts";

/**
 * The first step: the password. What follows is a code.
 *
 * @throws problem "staff-sign-in-refused" · "too-many-requests"
 */
export async function beginWithPassword(
  staff: Staff,
  ctx: Context,
  caller: Caller,
  { login, password }: { readonly login: string; readonly password: string },
): Promise<Begun> {
  const attempt = attemptOf(login.trim().toLowerCase(), caller);
  await admit(staff, ctx, attempt, "pwd");
  const account = await inSystem(staff, (tx) => findAccountByLogin(tx, attempt.account));
  const isRight = await isPassword(account?.password_hash ?? null, password);
  const reason = passwordRefusal(account, isRight);
  if (reason !== undefined || account === undefined) {
    await staff.guard.failed({ ...attempt, reason: reason ?? "staff-account-unknown" });
    await inSystem(staff, (tx) =>
      noteRefusal(tx, ctx, {
        reason: reason ?? "staff-account-unknown",
        factor: "pwd",
        personId: account?.person_id,
      }));
    throw problem("staff-sign-in-refused");
  }
  // Half a sign-in is neither a failure nor a success: what counts is the code that follows.
  await staff.guard.abandoned(attempt);
  return await inSystem(
    staff,
    (tx) =>
      beginCeremony(tx, ctx, caller, "code", {
        person_id: account.person_id,
        password_hash: account.password_hash,
      }),
  );
}

function passwordRefusal(account: AccountRow | undefined, isRight: boolean): StaffRefusal | undefined {
  if (account === undefined) return "staff-account-unknown";
  const standing = standingOf(account);
  if (standing !== undefined) return standing;
  if (!isRight) return "staff-password";
  return account.totp_secret === null ? "staff-no-second-factor" : undefined;
}

/**
 * The second step: a one-time code, or a recovery code in its place.
 *
 * @returns the session's token
 * @throws problem "staff-sign-in-refused" · "staff-sign-in-expired" · "too-many-requests"
 */
export async function finishWithCode(
  staff: Staff,
  ctx: Context,
  caller: Caller,
  { transaction, code }: { readonly transaction: string; readonly code: string },
): Promise<string> {
  const login = await inSystem(staff, async (tx) => {
    const { person_id: personId } = await openCeremony(tx, ctx, caller, transaction, "code");
    return personId === null ? undefined : (await findAccount(tx, personId))?.login;
  });
  if (login === undefined) throw problem("staff-sign-in-expired");
  const attempt = attemptOf(login, caller);
  await admit(staff, ctx, attempt, "otp");
  const outcome = await inSystem(staff, async (tx): Promise<OpenedSession | Refused> => {
    const ceremony = await openCeremony(tx, ctx, caller, transaction, "code");
    const account = await findAccountForUpdate(tx, ceremony.person_id ?? "");
    // The password that was right may be another's by now: whoever knew the old one begins again.
    if (account === undefined || ceremony.password_hash !== account.password_hash) {
      throw problem("staff-sign-in-expired");
    }
    const standing = standingOf(account);
    const verdict: CodeVerdict = standing === undefined
      ? await takeCode(staff, tx, ctx, account, code)
      : { ok: false, reason: standing, factor: "otp" };
    if (verdict.ok) {
      await deleteCeremony(tx, ceremony.token_hash);
      return await openSession(staff, tx, ctx, account, verdict.amr, caller);
    }
    const { factor, retryAfterSeconds } = verdict;
    // A code that was not looked at is no wrong one.
    const isOver = retryAfterSeconds === undefined && await countFailure(tx, ceremony);
    const reason = isOver ? "staff-codes-exhausted" : verdict.reason;
    await noteRefusal(tx, ctx, { reason, factor, personId: account.person_id });
    return { reason, retryAfterSeconds };
  });
  if ("reason" in outcome) return await refuse(staff, attempt, outcome);
  await staff.guard.succeeded(attempt);
  await forgetSessions(staff.cache, outcome.replaced);
  return outcome.token;
}

/** Begins with a passkey: whose it is, it says itself. */
export async function beginWithPasskey(staff: Staff, ctx: Context, caller: Caller) {
  const options = await passkeyOptions(staff);
  const begun = await inSystem(
    staff,
    (tx) => beginCeremony(tx, ctx, caller, "passkey", { challenge: options.challenge }),
  );
  return { ...begun, options };
}

/**
 * The answer of a passkey. Its challenge is used whatever the answer.
 *
 * @returns the session's token
 * @throws problem "staff-sign-in-refused" · "staff-sign-in-expired"
 */
export async function finishWithPasskey(
  staff: Staff,
  ctx: Context,
  caller: Caller,
  { transaction, response }: { readonly transaction: string; readonly response: AuthenticationResponseJSON },
): Promise<string> {
  const opened = await inSystem(staff, async (tx): Promise<OpenedSession | undefined> => {
    const ceremony = await openCeremony(tx, ctx, caller, transaction, "passkey");
    await deleteCeremony(tx, ceremony.token_hash);
    const verdict = await checkPasskey(staff, tx, ctx, ceremony.challenge ?? "", response);
    const account = verdict.personId === undefined ? undefined : await findAccount(tx, verdict.personId);
    const reason = verdict.ok && account !== undefined
      ? standingOf(account)
      : verdict.ok
      ? "passkey-unknown"
      : verdict.reason;
    if (reason === undefined && account !== undefined) {
      return await openSession(staff, tx, ctx, account, "passkey", caller);
    }
    await noteRefusal(tx, ctx, {
      reason: reason ?? "passkey-unknown",
      factor: "passkey",
      personId: verdict.personId,
    });
    return undefined;
  });
  if (opened === undefined) throw problem("staff-sign-in-refused");
  await forgetSessions(staff.cache, opened.replaced);
  return opened.token;
}

function attemptOf(account: string, caller: Caller): Attempt {
  return { way: "staff", account, address: caller.address };
}
