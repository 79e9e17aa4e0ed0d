/**
 * Signing in with the phone alone (CIBA): for a desktop without a card reader. The browser shows two digits, the person
 * compares and confirms them on his phone. Whether a number exists is told to nobody: an unknown one waits like any other
 * and runs out.
 */
import { Buffer } from "node:buffer";
import { randomInt } from "node:crypto";
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import type { Guard } from "../guard/mod.ts";
import { problem } from "../problems.ts";
import {
  claimPoll,
  countOpenDecoupled,
  type DecoupledRow,
  deleteDecoupled,
  deleteExpiredDecoupled,
  findDecoupled,
  insertDecoupled,
  slowDown,
} from "./decoupled-queries.ts";
import { openSession, type SignInDependencies } from "./open-session.ts";
import { type PublicReason, SignInRefused } from "./refusal.ts";
import { toLocalPath } from "./return-to.ts";
import { hashToken, isToken, randomToken } from "./session-token.ts";
import { afterSignIn, noteRefusal } from "./sign-in.ts";

export interface DecoupledDependencies extends SignInDependencies {
  readonly guard: Guard;
}

/** So many may ring at one person's phone at the same time, whoever began them. */
const maximumOpen = 3;
/** What `slow_down` adds (OpenID CIBA Core §11). */
const slowerSeconds = 5;
const slowestSeconds = 60;

export interface StartedDecoupled {
  /** Value of the cookie that alone can fetch the session. */
  readonly binding: string;
  readonly bindingMessage: string;
  readonly expiresAt: Date;
}

/**
 * The national identity that was typed: an RPPS of 11 digits, an idNat_PS, or an identity of the register EDIT; undefined
 * for what is none of them.
 */
export function toIdNat(typed: string): string | undefined {
  const bare = typed.replace(/[\s.\-\u00a0]/g, "").toUpperCase();
  if (/^\d{11}$/.test(bare)) return `8${bare}`;
  return /^(8\d{11}|0\d{9}|ANS\d{8,20})$/.test(bare) ? bare : undefined;
}

/** @throws Problem "too-many-requests"; SignInRefused when the provider cannot be asked */
export async function startDecoupled(
  deps: DecoupledDependencies,
  ctx: Context,
  input: { readonly idNatPs: string; readonly returnTo: string | undefined; readonly address: string },
): Promise<StartedDecoupled> {
  const attempt = { way: "phone", account: input.idNatPs, address: input.address } as const;
  const verdict = await deps.guard.admit(attempt);
  if (!verdict.ok) throw problem("too-many-requests", { retryAfterSeconds: verdict.retryAfterSeconds });
  const accountHash = deps.seal.fingerprint(input.idNatPs);
  // Redis may be away: how often a phone rings is bounded without it too.
  const open = await inSystem(deps, async (tx) => {
    await deleteExpiredDecoupled(tx, ctx.now());
    return await countOpenDecoupled(tx, accountHash, ctx.now());
  });
  if (open >= maximumOpen) throw problem("too-many-requests", { retryAfterSeconds: 120 });
  const bindingMessage = String(randomInt(100)).padStart(2, "0");
  const request = await deps.provider.decoupled.begin(input.idNatPs, bindingMessage).catch(async (cause) => {
    await deps.guard.abandoned(attempt);
    throw cause;
  });
  const binding = randomToken();
  const now = ctx.now();
  const expiresAt = new Date(now.getTime() + request.expiresInSeconds * 1_000);
  await inSystem(deps, (tx) =>
    insertDecoupled(tx, {
      binding_hash: hashToken(binding),
      account_hash: accountHash,
      request_sealed: sealRequest(deps, binding, { requestId: request.requestId, idNatPs: input.idNatPs }),
      binding_message: bindingMessage,
      return_to: toLocalPath(input.returnTo),
      interval_seconds: request.intervalSeconds,
      next_poll_at: new Date(now.getTime() + request.intervalSeconds * 1_000),
      created_at: now,
      expires_at: expiresAt,
    }));
  return { binding, bindingMessage, expiresAt };
}

export type DecoupledState =
  | { readonly state: "waiting" }
  | { readonly state: "refused"; readonly reason: PublicReason }
  | { readonly state: "signed-in"; readonly token: string; readonly returnTo: string };

/** Where the sign-in of this browser stands; asks the provider when its interval is over. */
export async function followDecoupled(
  deps: DecoupledDependencies,
  ctx: Context,
  input: {
    readonly binding: string | undefined;
    readonly sessionToken: string | undefined;
    readonly address: string;
  },
): Promise<DecoupledState> {
  const { binding } = input;
  const row = isToken(binding)
    ? await inSystem(deps, (tx) => findDecoupled(tx, hashToken(binding)))
    : undefined;
  try {
    if (!row) throw new SignInRefused("attempt-unknown");
    return await follow(deps, ctx, row, input);
  } catch (cause) {
    if (!(cause instanceof SignInRefused)) throw cause;
    // A provider that is away may be back before the time is over: the person goes on waiting.
    if (cause.reason === "provider-unreachable") return { state: "waiting" };
    if (row) {
      await inSystem(deps, (tx) => deleteDecoupled(tx, row.binding_hash));
      await noteUnanswered(deps, row, cause.reason, input.address);
    }
    await noteRefusal(deps, ctx, cause);
    return { state: "refused", reason: cause.publicReason };
  }
}

async function follow(
  deps: DecoupledDependencies,
  ctx: Context,
  row: DecoupledRow,
  input: { readonly sessionToken: string | undefined; readonly address: string },
): Promise<DecoupledState> {
  const now = ctx.now();
  if (row.expires_at <= now) throw new SignInRefused("attempt-expired");
  const request = openRequest(deps, row);
  if (request === undefined) throw new SignInRefused("attempt-unknown");
  const { requestId } = request;
  if (requestId === null || !(await inSystem(deps, (tx) => claimPoll(tx, row, now)))) {
    return { state: "waiting" };
  }
  const answer = await deps.provider.decoupled.ask(requestId);
  if (answer.outcome === "pending") {
    if (answer.isTooFast) {
      const interval = Math.min(row.interval_seconds + slowerSeconds, slowestSeconds);
      const next = new Date(now.getTime() + interval * 1_000);
      await inSystem(deps, (tx) => slowDown(tx, row.binding_hash, interval, next));
    }
    return { state: "waiting" };
  }
  if (!(await inSystem(deps, (tx) => deleteDecoupled(tx, row.binding_hash)))) {
    throw new SignInRefused("attempt-unknown");
  }
  const opened = await openSession(
    deps,
    ctx,
    answer.signedIn,
    input.sessionToken,
    (identity) =>
      identity.idNatPs !== null && deps.seal.fingerprint(identity.idNatPs).equals(row.account_hash),
  );
  const { username: account } = answer.signedIn.verified;
  if (account !== undefined) await deps.guard.succeeded({ way: "phone", account, address: input.address });
  return { state: "signed-in", token: opened.token, returnTo: afterSignIn(opened, row.return_to) };
}

/** What was asked of the provider, and for whom. No request: the provider knows nobody of that number, or rings no phone of his. */
interface AskedRequest {
  readonly requestId: string | null;
  readonly idNatPs: string;
}

function sealRequest(deps: DecoupledDependencies, binding: string, request: AskedRequest): Uint8Array {
  return deps.seal.seal(JSON.stringify(request), hashToken(binding).toString("hex"));
}

function openRequest(deps: DecoupledDependencies, row: DecoupledRow): AskedRequest | undefined {
  const text = row.request_sealed === null
    ? undefined
    : deps.seal.open(row.request_sealed, Buffer.from(row.binding_hash).toString("hex"));
  return text === undefined ? undefined : JSON.parse(text);
}

/** Who rings one phone after another and is never answered is trying numbers. */
async function noteUnanswered(
  deps: DecoupledDependencies,
  row: DecoupledRow,
  reason: string,
  address: string,
): Promise<void> {
  if (reason !== "cancelled" && reason !== "attempt-expired") return;
  const account = openRequest(deps, row)?.idNatPs;
  if (account !== undefined) await deps.guard.failed({ way: "phone", account, address, reason });
}
