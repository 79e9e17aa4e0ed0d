/**
 * Setting an account up by its link: a password and an application for codes, or a passkey. The link is used up at the end
 * alone, so that a page that was closed in the middle can be opened again within the hour; of two ends at once one counts.
 */
import type { RegistrationResponseJSON } from "@simplewebauthn/server";
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inSystem, type Tx } from "../database/in-tenant.ts";
import { displayNameOf, forgetSessions, hashToken, isToken } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { beginCeremony, type Begun, countFailure, openCeremony } from "./ceremony.ts";
import { type CeremonyRow, changeCeremony, deleteCeremony } from "./ceremony-queries.ts";
import { insertPasskey, replaceRecoveryCodes } from "./factor-queries.ts";
import { describeSecret, newSecret, type SecretCard, stepOf } from "./one-time-code.ts";
import { type OpenedSession, openSession } from "./open-session.ts";
import { type NewPasskey, newPasskeyOptions, verifyNewPasskey } from "./passkeys.ts";
import { findPasswordFault, hashPassword } from "./password.ts";
import {
  type AccountRow,
  activateAccount,
  findAccountForUpdate,
  findOpenEnrolment,
  removeAllFactors,
  takeEnrolment,
} from "./queries.ts";
import { hashRecoveryCode, newRecoveryCodes } from "./recovery-codes.ts";
import { noteRefusal } from "./refusal.ts";
import { asStaff, type Caller, openSecret, sealSecret, type Staff } from "./staff.ts";

/** Issuer of the staff's accounts: the platform itself. No provider's, which are URLs. */
export const staffIssuer = "urn:mssante:personnel-exploitant";

export interface Enrolled {
  readonly token: string;
  /** Shown this once; none for an account with a passkey alone, where a code would be a single factor. */
  readonly recoveryCodes: readonly string[];
}

/** Opens a link. @throws problem "staff-enrolment-invalid" */
export async function openEnrolment(staff: Staff, ctx: Context, caller: Caller, link: string) {
  const opened = await inSystem(staff, async (tx) => {
    const enrolment = isToken(link) ? await findOpenEnrolment(tx, hashToken(link), ctx.now()) : undefined;
    const account = enrolment && await findAccountForUpdate(tx, enrolment.person_id);
    if (enrolment === undefined || account === undefined || !maySetUp(account)) {
      await noteRefusal(tx, ctx, { reason: "staff-link", factor: "link", personId: account?.person_id });
      return undefined;
    }
    const begun: Begun = await beginCeremony(tx, ctx, caller, "enrolment", {
      person_id: enrolment.person_id,
      enrolment_id: enrolment.id,
    });
    return { ...begun, ...ownerOf(account) };
  });
  if (opened === undefined) throw problem("staff-enrolment-invalid");
  return opened;
}

function maySetUp(account: AccountRow): boolean {
  return account.status !== "closed" && account.person_status === "active";
}

async function openStep(tx: Tx, ctx: Context, caller: Caller, transaction: string) {
  const ceremony = await openCeremony(tx, ctx, caller, transaction, "enrolment");
  const account = await findAccountForUpdate(tx, ceremony.person_id ?? "");
  if (account === undefined || !maySetUp(account)) throw problem("staff-enrolment-invalid");
  return { ceremony, account };
}

/** Chooses the password; answers the secret of the codes. @throws problem "password-refused" */
export async function choosePassword(
  staff: Staff,
  ctx: Context,
  caller: Caller,
  { transaction, password }: { readonly transaction: string; readonly password: string },
): Promise<SecretCard> {
  const { account } = await inSystem(staff, (tx) => openStep(tx, ctx, caller, transaction));
  const hash = await acceptPassword(account, password);
  return await inSystem(staff, async (tx) => {
    const { ceremony } = await openStep(tx, ctx, caller, transaction);
    const secret = newSecret();
    await changeCeremony(tx, ceremony.token_hash, {
      password_hash: hash,
      totp_secret: sealSecret(staff, secret, account.person_id),
    });
    return describeSecret(secret, staff.name, account.login);
  });
}

/** The hash of a new password. @throws problem "password-refused" */
export async function acceptPassword(account: AccountRow, password: string): Promise<string> {
  const fault = await findPasswordFault(password, {
    login: account.login,
    givenName: account.given_name,
    familyName: account.family_name,
  });
  if (fault !== undefined) throw problem("password-refused", { reason: fault });
  return await hashPassword(password);
}

/** The first code proves that the application has the secret: the account is set up. @throws problem "code-refused" */
export async function enrolWithCode(
  staff: Staff,
  ctx: Context,
  caller: Caller,
  { transaction, code }: { readonly transaction: string; readonly code: string },
): Promise<Enrolled> {
  const outcome = await inSystem(staff, async (tx) => {
    const { ceremony, account } = await openStep(tx, ctx, caller, transaction);
    const { password_hash: password, totp_secret: sealed } = ceremony;
    if (password === null || sealed === null) throw problem("staff-sign-in-expired");
    const secret = openSecret(staff, sealed, account.person_id);
    const step = secret && stepOf(code, secret, ctx.now());
    if (step === undefined) {
      await countFailure(tx, ceremony);
      await noteRefusal(tx, ctx, { reason: "staff-code", factor: "otp", personId: account.person_id });
      return undefined;
    }
    const recoveryCodes = newRecoveryCodes();
    await finish(tx, ctx, ceremony, account, {
      password_hash: password,
      totp_secret: sealed,
      totp_last_step: step,
    });
    await replaceRecoveryCodes(tx, account.person_id, recoveryCodes.map(hashRecoveryCode), ctx.now());
    return { recoveryCodes, opened: await openSession(staff, tx, ctx, account, "pwd+otp", caller) };
  });
  if (outcome === undefined) throw problem("code-refused");
  return await enrolled(staff, outcome.opened, outcome.recoveryCodes);
}

/** Options for a passkey in the place of a password. */
export async function beginPasskeyEnrolment(
  staff: Staff,
  ctx: Context,
  caller: Caller,
  { transaction }: { readonly transaction: string },
) {
  return await inSystem(staff, async (tx) => {
    const { ceremony, account } = await openStep(tx, ctx, caller, transaction);
    const options = await newPasskeyOptions(staff, ownerOf(account), []);
    await changeCeremony(tx, ceremony.token_hash, { challenge: options.challenge });
    return options;
  });
}

export function ownerOf(account: AccountRow) {
  return {
    personId: account.person_id,
    login: account.login,
    displayName: displayNameOf(account.given_name, account.family_name),
  };
}

/** @throws problem "passkey-refused" */
export async function enrolWithPasskey(
  staff: Staff,
  ctx: Context,
  caller: Caller,
  { transaction, name, response }: {
    readonly transaction: string;
    readonly name: string;
    readonly response: RegistrationResponseJSON;
  },
): Promise<Enrolled> {
  const opened = await inSystem(staff, async (tx) => {
    const { ceremony, account } = await openStep(tx, ctx, caller, transaction);
    const passkey = await takeNewPasskey(staff, tx, ctx, ceremony, account, response);
    if (passkey === undefined) return undefined;
    await finish(tx, ctx, ceremony, account, { password_hash: null, totp_secret: null, totp_last_step: 0 });
    if (await insertPasskey(tx, account.person_id, name, passkey, ctx.now()) === undefined) {
      throw problem("passkey-refused");
    }
    return await openSession(staff, tx, ctx, account, "passkey", caller);
  });
  if (opened === undefined) throw problem("passkey-refused");
  return await enrolled(staff, opened, []);
}

/** The passkey of a browser's answer; the challenge is used, rightly or not. A refusal is traced. */
export async function takeNewPasskey(
  staff: Staff,
  tx: Tx,
  ctx: Context,
  ceremony: CeremonyRow,
  account: AccountRow,
  response: RegistrationResponseJSON,
): Promise<NewPasskey | undefined> {
  if (ceremony.challenge === null) throw problem("staff-sign-in-expired");
  await changeCeremony(tx, ceremony.token_hash, { challenge: null });
  const verified = await verifyNewPasskey(staff, ceremony.challenge, response);
  if (verified.ok) return verified.passkey;
  await noteRefusal(tx, ctx, {
    reason: verified.reason,
    factor: "passkey",
    personId: account.person_id,
  });
  return undefined;
}

async function finish(
  tx: Tx,
  ctx: Context,
  ceremony: CeremonyRow,
  account: AccountRow,
  factors: Parameters<typeof activateAccount>[3],
): Promise<void> {
  const isTaken = ceremony.enrolment_id !== null &&
    await takeEnrolment(tx, ceremony.enrolment_id, ctx.now());
  if (!isTaken) throw problem("staff-enrolment-invalid");
  await deleteCeremony(tx, ceremony.token_hash);
  // Whatever was there before a factor was lost is void.
  await removeAllFactors(tx, account.person_id, "invited", ctx.now());
  await activateAccount(tx, account.person_id, staffIssuer, factors, ctx.now());
  await recordAudit(tx, asStaff(ctx, account), {
    action: "staff.enrol",
    subject: { kind: "person", id: account.person_id },
    after: {
      personId: account.person_id,
      login: account.login,
      factor: factors.password_hash === null ? "passkey" : "pwd+otp",
    },
  });
}

async function enrolled(
  staff: Staff,
  opened: OpenedSession,
  recoveryCodes: readonly string[],
): Promise<Enrolled> {
  await forgetSessions(staff.cache, opened.replaced);
  return { token: opened.token, recoveryCodes };
}
