/** Refusals of the staff's sign-in: each with its own reason in the trail, all with the same sentence outside. */
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inSystem, type Tx } from "../database/in-tenant.ts";
import { problem } from "../problems.ts";
import type { Staff } from "./staff.ts";

export type StaffRefusal =
  | "staff-account-unknown"
  | "staff-account-not-active"
  | "staff-password"
  | "staff-no-second-factor"
  | "staff-code"
  | "staff-code-replayed"
  | "staff-secret-unreadable"
  | "staff-recovery-code"
  | "staff-codes-exhausted"
  | "staff-codes-slowed"
  | "staff-slowed"
  | "staff-link"
  | PasskeyRefusal;

export type PasskeyRefusal =
  | "passkey-unknown"
  | "passkey-challenge"
  | "passkey-origin"
  | "passkey-relying-party"
  | "passkey-user-not-verified"
  | "passkey-other-person"
  | "passkey-cloned"
  | "passkey-invalid";

/** Traces a refusal inside the transaction that refuses (ASVS 16.3.1). `factor`: what was tried, never its value. */
export async function noteRefusal(
  tx: Tx,
  ctx: Context,
  { reason, factor, personId }: {
    readonly reason: StaffRefusal;
    readonly factor: string;
    readonly personId?: string | undefined;
  },
): Promise<void> {
  ctx.log.warn("staff-sign-in.refused", { reason, requestId: ctx.requestId });
  await recordAudit(tx, ctx, {
    action: "session.refuse",
    subject: personId === undefined
      ? { kind: "sign-in", id: ctx.requestId }
      : { kind: "person", id: personId },
    after: { amr: factor },
    reason,
  });
}

/** Asks the guard; who must wait is told for how long, whether the account exists or not. */
export async function admit(staff: Staff, ctx: Context, attempt: Attempt, factor: string): Promise<void> {
  const verdict = await staff.guard.admit(attempt);
  if (verdict.ok) return;
  await inSystem(staff, (tx) => noteRefusal(tx, ctx, { reason: "staff-slowed", factor }));
  throw problem("too-many-requests", { retryAfterSeconds: verdict.retryAfterSeconds });
}

export interface Refused {
  readonly reason: StaffRefusal;
  /** Nothing was looked at, and nothing is until then. */
  readonly retryAfterSeconds?: number | undefined;
}

/** Ends an attempt that was refused and traced. */
export async function refuse(
  staff: Staff,
  attempt: Attempt,
  { reason, retryAfterSeconds }: Refused,
): Promise<never> {
  if (retryAfterSeconds === undefined) {
    await staff.guard.failed({ ...attempt, reason });
    throw problem("staff-sign-in-refused");
  }
  await staff.guard.abandoned(attempt);
  throw problem("too-many-requests", { retryAfterSeconds });
}

/** What the guard measures. */
export interface Attempt {
  readonly way: "staff";
  readonly account: string;
  readonly address: string;
}
