/**
 * A ceremony: what the server remembers between two requests of one browser. Its number is in the page, the other half in
 * a cookie: neither alone continues it, and two tabs have one each.
 */
import type { Context } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";
import { hashToken, isToken, randomToken } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import {
  type CeremonyKind,
  type CeremonyRow,
  changeCeremony,
  deleteCeremony,
  deleteExpiredCeremonies,
  findCeremonyForUpdate,
  insertCeremony,
  type NewCeremonyRow,
} from "./ceremony-queries.ts";
import type { Caller } from "./staff.ts";

/** How long a person may take between two steps. */
export const ceremonySeconds = 600;
/** Wrong codes after which one begins again. */
const mostFailures = 5;

export interface Begun {
  /** For the page. */
  readonly transaction: string;
  /** For the cookie. */
  readonly binding: string;
}

export async function beginCeremony(
  tx: Tx,
  ctx: Context,
  caller: Caller,
  kind: CeremonyKind,
  about: Pick<
    NewCeremonyRow,
    "person_id" | "enrolment_id" | "session_id" | "challenge" | "password_hash" | "totp_secret"
  > = {},
): Promise<Begun> {
  const now = ctx.now();
  const transaction = randomToken();
  const binding = isToken(caller.binding) ? caller.binding : randomToken();
  await deleteExpiredCeremonies(tx, now);
  await insertCeremony(tx, {
    token_hash: hashToken(transaction),
    binding_hash: hashToken(binding),
    kind,
    ...about,
    created_at: now,
    expires_at: new Date(now.getTime() + ceremonySeconds * 1_000),
  });
  return { transaction, binding };
}

/** Throws problem "staff-sign-in-expired": unknown, finished, too old, another browser's, or of another session. */
export async function openCeremony(
  tx: Tx,
  ctx: Context,
  caller: Caller,
  transaction: string,
  kind: CeremonyKind,
): Promise<CeremonyRow> {
  const expired = (reason: string) => {
    // In the log alone: anybody may send any number, as often as he likes.
    ctx.log.warn("staff-sign-in.refused", { reason: `ceremony-${reason}`, kind, requestId: ctx.requestId });
    return problem("staff-sign-in-expired");
  };
  if (!isToken(transaction) || !isToken(caller.binding)) throw expired("malformed");
  const found = await findCeremonyForUpdate(tx, hashToken(transaction), hashToken(caller.binding));
  if (found === undefined) throw expired("unknown");
  if (found.kind !== kind) throw expired("other-kind");
  if (found.expires_at <= ctx.now()) throw expired("too-old");
  const isOurs = ctx.actor.kind === "person" && ctx.actor.sessionId === found.session_id;
  if (found.session_id !== null && !isOurs) throw expired("other-session");
  return found;
}

/** Counts a wrong code. At the last one the ceremony is over; says whether it is. */
export async function countFailure(tx: Tx, ceremony: CeremonyRow): Promise<boolean> {
  const failures = ceremony.failures + 1;
  if (failures >= mostFailures) await deleteCeremony(tx, ceremony.token_hash);
  else await changeCeremony(tx, ceremony.token_hash, { failures });
  return failures >= mostFailures;
}
