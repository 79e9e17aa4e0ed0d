/** Showing a factor again in an open session, for what asks for one of the last five minutes. */
import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import { recordAudit } from "../audit/mod.ts";
import type { Context, PersonActor } from "../context.ts";
import { inSystem, type Tx } from "../database/in-tenant.ts";
import { noteFactorShown, requirePerson } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { beginCeremony, openCeremony } from "./ceremony.ts";
import { deleteCeremony } from "./ceremony-queries.ts";
import { checkPasskey, type CodeVerdict, standingOf, takeCode } from "./check-factor.ts";
import { listPasskeys } from "./factor-queries.ts";
import { passkeyOptions } from "./passkeys.ts";
import { isPassword } from "./password.ts";
import { type AccountRow, findAccount, findAccountForUpdate } from "./queries.ts";
import { admit, type Attempt, noteRefusal, refuse, type Refused, type StaffRefusal } from "./refusal.ts";
import type { Caller, Staff } from "./staff.ts";

/** The account of who is signed in. @throws problem "not-found" for who has none: he signs in at the provider */
export async function requireAccount(
  staff: Staff,
  ctx: Context,
): Promise<{ readonly actor: PersonActor; readonly account: AccountRow }> {
  const actor = requirePerson(ctx);
  const account = await inSystem(staff, (tx) => findAccount(tx, actor.personId));
  if (account === undefined || standingOf(account) !== undefined) throw problem("not-found");
  return { actor, account };
}

/** @throws problem "staff-sign-in-refused" · "too-many-requests" */
export async function stepUpWithCode(
  staff: Staff,
  ctx: Context,
  caller: Caller,
  { password, code }: { readonly password: string; readonly code: string },
): Promise<void> {
  const { actor, account } = await requireAccount(staff, ctx);
  const attempt: Attempt = { way: "staff", account: account.login, address: caller.address };
  await admit(staff, ctx, attempt, "pwd");
  const isRight = await isPassword(account.password_hash, password);
  const refused = await inSystem(staff, async (tx): Promise<Refused | undefined> => {
    const locked = await findAccountForUpdate(tx, account.person_id);
    const verdict: CodeVerdict = isRight && locked?.password_hash === account.password_hash
      ? await takeCode(staff, tx, ctx, locked, code)
      : { ok: false, reason: "staff-password", factor: "pwd" };
    if (verdict.ok) {
      await noteShown(tx, ctx, actor, verdict.amr);
      return undefined;
    }
    await noteRefusal(tx, ctx, { ...verdict, personId: account.person_id });
    return verdict;
  });
  if (refused !== undefined) return await refuse(staff, attempt, refused);
  await staff.guard.succeeded(attempt);
}

export async function beginStepUp(staff: Staff, ctx: Context, caller: Caller) {
  const { actor } = await requireAccount(staff, ctx);
  return await inSystem(staff, async (tx) => {
    const options = await passkeyOptions(staff, await listPasskeys(tx, actor.personId));
    const begun = await beginCeremony(tx, ctx, caller, "step-up", {
      person_id: actor.personId,
      session_id: actor.sessionId,
      challenge: options.challenge,
    });
    return { ...begun, options };
  });
}

/** @throws problem "staff-sign-in-refused" · "staff-sign-in-expired" */
export async function stepUpWithPasskey(
  staff: Staff,
  ctx: Context,
  caller: Caller,
  { transaction, response }: { readonly transaction: string; readonly response: AuthenticationResponseJSON },
): Promise<void> {
  const { actor } = await requireAccount(staff, ctx);
  const refused = await inSystem(staff, async (tx): Promise<StaffRefusal | undefined> => {
    const ceremony = await openCeremony(tx, ctx, caller, transaction, "step-up");
    await deleteCeremony(tx, ceremony.token_hash);
    const verdict = await checkPasskey(staff, tx, ctx, ceremony.challenge ?? "", response);
    const reason = !verdict.ok
      ? verdict.reason
      : verdict.personId === actor.personId
      ? undefined
      : "passkey-other-person";
    if (reason === undefined) await noteShown(tx, ctx, actor, "passkey");
    else await noteRefusal(tx, ctx, { reason, factor: "passkey", personId: actor.personId });
    return reason;
  });
  if (refused !== undefined) throw problem("staff-sign-in-refused");
}

async function noteShown(tx: Tx, ctx: Context, actor: PersonActor, amr: string): Promise<void> {
  await noteFactorShown(tx, actor.sessionId, ctx.now());
  await recordAudit(tx, ctx, {
    action: "session.step-up",
    subject: { kind: "session", id: actor.sessionId },
    after: { personId: actor.personId, amr },
  });
}
