/**
 * One's own factors. Every change asks for a factor of the last five minutes, is traced, and ends the person's other
 * sessions (ASVS 7.4.3): whoever had stolen one is out.
 */
import type { RegistrationResponseJSON } from "@simplewebauthn/server";
import { recordAudit } from "../audit/mod.ts";
import type { Context, PersonActor } from "../context.ts";
import { inSystem, type Tx } from "../database/in-tenant.ts";
import {
  type EndedSessionRow,
  endSessionsIn,
  findFactorShown,
  forgetSessions,
  recentFactorSeconds,
  requireRecentFactor,
} from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { beginCeremony, countFailure, openCeremony } from "./ceremony.ts";
import { deleteCeremony } from "./ceremony-queries.ts";
import { acceptPassword, ownerOf, takeNewPasskey } from "./enrol.ts";
import {
  deletePasskey,
  findFactors,
  insertPasskey,
  listOtherSessions,
  listPasskeys,
  type PasskeyRow,
  replaceRecoveryCodes,
  setPassword,
  setTotp,
} from "./factor-queries.ts";
import { describeSecret, newSecret, stepOf } from "./one-time-code.ts";
import { newPasskeyOptions } from "./passkeys.ts";
import { type AccountRow, findAccountForUpdate } from "./queries.ts";
import { hashRecoveryCode, newRecoveryCodes } from "./recovery-codes.ts";
import { noteRefusal } from "./refusal.ts";
import { type Caller, openSecret, sealSecret, type Staff } from "./staff.ts";
import { requireAccount } from "./step-up.ts";

const mostPasskeys = 10;

/** What the person has, and until when a change asks for nothing more. */
export async function readFactors(staff: Staff, ctx: Context) {
  const { actor } = await requireAccount(staff, ctx);
  return await inSystem(staff, async (tx) => {
    const factors = await findFactors(tx, actor.personId);
    if (factors === undefined) throw problem("not-found");
    const shown = await findFactorShown(tx, actor.sessionId);
    const until = (shown?.at.getTime() ?? 0) + recentFactorSeconds * 1_000;
    return {
      ...factors,
      passkeys: await listPasskeys(tx, actor.personId),
      recentUntil: until > ctx.now().getTime() ? new Date(until) : null,
    };
  });
}

/**
 * One change of factors: the account locked, a recent factor asked for, other sessions ended, the cache told.
 *
 * @param act answers undefined when what was shown was refused: nothing has changed then
 */
async function change<T>(
  staff: Staff,
  ctx: Context,
  act: (tx: Tx, account: AccountRow, actor: PersonActor) => Promise<T | undefined>,
): Promise<T | undefined> {
  const { actor } = await requireAccount(staff, ctx);
  const ended: EndedSessionRow[] = [];
  const result = await inSystem(staff, async (tx) => {
    const account = await findAccountForUpdate(tx, actor.personId);
    if (account === undefined) throw problem("not-found");
    await requireRecentFactor(tx, ctx);
    const result = await act(tx, account, actor);
    if (result === undefined) return undefined;
    for (const sessionId of await listOtherSessions(tx, actor.personId, actor.sessionId)) {
      ended.push(...await endSessionsIn(tx, ctx, { sessionId }, "factor-changed"));
    }
    return result;
  });
  await forgetSessions(staff.cache, ended);
  return result;
}

async function trace(
  tx: Tx,
  ctx: Context,
  actor: PersonActor,
  action: "staff-factor.set" | "staff-factor.remove",
  factor: string,
  name?: string,
): Promise<void> {
  await recordAudit(tx, ctx, {
    action,
    subject: { kind: "person", id: actor.personId },
    after: { personId: actor.personId, factor, name },
  });
}

/** @throws problem "password-refused" · "factor-required" */
export async function changePassword(staff: Staff, ctx: Context, password: string): Promise<void> {
  const { account } = await requireAccount(staff, ctx);
  await inSystem(staff, (tx) => requireRecentFactor(tx, ctx));
  const hash = await acceptPassword(account, password);
  await change(staff, ctx, async (tx, _account, actor) => {
    await setPassword(tx, actor.personId, hash, ctx.now());
    await trace(tx, ctx, actor, "staff-factor.set", "password");
    return true;
  });
}

/** A new secret for codes; nothing changes until its first code is shown. */
export async function beginTotp(staff: Staff, ctx: Context, caller: Caller) {
  const { actor, account } = await requireAccount(staff, ctx);
  return await inSystem(staff, async (tx) => {
    await requireRecentFactor(tx, ctx);
    const secret = newSecret();
    const begun = await beginCeremony(tx, ctx, caller, "totp", {
      person_id: actor.personId,
      session_id: actor.sessionId,
      totp_secret: sealSecret(staff, secret, actor.personId),
    });
    return { ...begun, ...describeSecret(secret, staff.name, account.login) };
  });
}

/** @throws problem "code-refused" · "staff-sign-in-expired" · "factor-required" */
export async function finishTotp(
  staff: Staff,
  ctx: Context,
  caller: Caller,
  { transaction, code }: { readonly transaction: string; readonly code: string },
): Promise<void> {
  const isSet = await change(staff, ctx, async (tx, account, actor) => {
    const ceremony = await openCeremony(tx, ctx, caller, transaction, "totp");
    const sealed = ceremony.totp_secret;
    const secret = sealed === null ? undefined : openSecret(staff, sealed, actor.personId);
    const step = secret && stepOf(code, secret, ctx.now());
    if (sealed === null || step === undefined) {
      await countFailure(tx, ceremony);
      await noteRefusal(tx, ctx, { reason: "staff-code", factor: "otp", personId: account.person_id });
      return undefined;
    }
    await deleteCeremony(tx, ceremony.token_hash);
    await setTotp(tx, actor.personId, sealed, step, ctx.now());
    await trace(tx, ctx, actor, "staff-factor.set", "otp");
    return true;
  });
  if (isSet === undefined) throw problem("code-refused");
}

/** New recovery codes, shown this once; those before are void. */
export async function renewRecoveryCodes(staff: Staff, ctx: Context): Promise<readonly string[]> {
  const codes = newRecoveryCodes();
  await change(staff, ctx, async (tx, account, actor) => {
    // Without a password a code would be a single factor.
    if (account.password_hash === null) throw problem("not-found");
    await replaceRecoveryCodes(tx, actor.personId, codes.map(hashRecoveryCode), ctx.now());
    await trace(tx, ctx, actor, "staff-factor.set", "recovery");
    return true;
  });
  return codes;
}

export async function beginPasskey(staff: Staff, ctx: Context, caller: Caller) {
  const { actor, account } = await requireAccount(staff, ctx);
  return await inSystem(staff, async (tx) => {
    await requireRecentFactor(tx, ctx);
    const known = await listPasskeys(tx, actor.personId);
    if (known.length >= mostPasskeys) throw problem("passkey-limit-reached", { limit: mostPasskeys });
    const options = await newPasskeyOptions(staff, ownerOf(account), known);
    const begun = await beginCeremony(tx, ctx, caller, "new-passkey", {
      person_id: actor.personId,
      session_id: actor.sessionId,
      challenge: options.challenge,
    });
    return { ...begun, options };
  });
}

/** @throws problem "passkey-refused" · "passkey-limit-reached" · "staff-sign-in-expired" · "factor-required" */
export async function addPasskey(
  staff: Staff,
  ctx: Context,
  caller: Caller,
  { transaction, name, response }: {
    readonly transaction: string;
    readonly name: string;
    readonly response: RegistrationResponseJSON;
  },
): Promise<PasskeyRow> {
  const added = await change(staff, ctx, async (tx, account, actor) => {
    const ceremony = await openCeremony(tx, ctx, caller, transaction, "new-passkey");
    const passkey = await takeNewPasskey(staff, tx, ctx, ceremony, account, response);
    await deleteCeremony(tx, ceremony.token_hash);
    if (passkey === undefined) return undefined;
    if ((await listPasskeys(tx, actor.personId)).length >= mostPasskeys) {
      throw problem("passkey-limit-reached", { limit: mostPasskeys });
    }
    const row = await insertPasskey(tx, actor.personId, name, passkey, ctx.now());
    if (row !== undefined) await trace(tx, ctx, actor, "staff-factor.set", "passkey", name);
    return row;
  });
  if (added === undefined) throw problem("passkey-refused");
  return added;
}

/** @throws problem "passkey-not-found" · "last-factor" · "factor-required" */
export async function removePasskey(staff: Staff, ctx: Context, id: string): Promise<void> {
  await change(staff, ctx, async (tx, account, actor) => {
    const removed = await deletePasskey(tx, actor.personId, id);
    if (removed === undefined) throw problem("passkey-not-found");
    const others = (await listPasskeys(tx, actor.personId)).filter((one) => one.cloned_at === null);
    const hasPassword = account.password_hash !== null && account.totp_secret !== null;
    if (others.length === 0 && !hasPassword) throw problem("last-factor");
    await trace(tx, ctx, actor, "staff-factor.remove", "passkey", removed.name);
    return true;
  });
}
