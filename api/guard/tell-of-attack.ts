import type { Context } from "../context.ts";
import type { AlertReceiver } from "../config-guard.ts";
import { inSystem } from "../database/in-tenant.ts";
import { callReceiver, isTaken, signedHeaders } from "../webhooks/mod.ts";
import { findAttack } from "./queries.ts";

const timeoutSeconds = 10;

/**
 * Calls the operator's receiver: that there is an attack, of which kind, on which way in, and no address or account. Throws when it
 * was not taken, for the queue to try again; the id stays the same.
 */
export async function tellOfAttack(
  ctx: Context,
  receiver: AlertReceiver | null,
  attackId: string,
): Promise<void> {
  if (receiver === null) return;
  const attack = await inSystem(ctx, (tx) => findAttack(tx, attackId));
  if (attack === undefined) return;
  const body = JSON.stringify({
    type: "sign-in-attack.detect",
    timestamp: attack.started_at.toISOString(),
    data: {
      attackId,
      kind: attack.kind,
      way: attack.way,
      count: attack.count,
      subjectKind: attack.subject_kind,
      subjectId: attack.subject_id,
    },
  });
  const headers = signedHeaders([receiver.secret], { id: attackId, at: ctx.now(), body });
  // The operator's own setting: it may well lead into his own network.
  const outcome = await callReceiver({ url: receiver.url, headers, body }, {
    isPrivateAllowed: true,
    timeoutSeconds,
  });
  if (isTaken(outcome)) return;
  const reason = outcome.kind === "answered" ? `status ${outcome.status}` : outcome.reason;
  ctx.log.warn("guard.alert-not-taken", { attackId, reason });
  throw new Error(`The receiver of alerts did not take one: ${reason}.`);
}
