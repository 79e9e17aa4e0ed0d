import { createHmac } from "node:crypto";
import { recordAudit } from "../audit/mod.ts";
import type { AppDeps, Context } from "../context.ts";
import { enqueue } from "../database/enqueue.ts";
import { inSystem } from "../database/in-tenant.ts";
import { addressBlock, networkOf } from "../http/caller-address.ts";
import type { Suspicion } from "./guard.ts";
import {
  continueAttack,
  countAttacksSince,
  findAttackedAccount,
  insertAttack,
  lockAttacks,
} from "./queries.ts";
import type { AttackSettings } from "../config-guard.ts";

/** In an hour. Who has thousands of addresses makes thousands of attacks: beyond these they are one, and the log has each. */
export const mostNewAttacks = 100;

export interface RecordDeps extends Pick<AppDeps, "db" | "now" | "log"> {
  readonly attacks: AttackSettings;
  /** Without it an address cannot be told from its digest. */
  readonly key: string;
}

/**
 * Keeps an attack that goes on. Its beginning is one act in the trail (of the structure, where one box of its is guessed at) and one
 * alert; from then on the row alone changes.
 */
export async function recordAttack(
  { db, now, log, attacks, key }: RecordDeps,
  { kind, way, account, address, count }: Suspicion,
): Promise<void> {
  const at = now();
  const ctx: Context = {
    db,
    now,
    log,
    actor: { kind: "system", job: "guard" },
    requestId: crypto.randomUUID(),
  };
  const fingerprint = createHmac("sha256", key)
    .update(JSON.stringify([kind, way, account?.toLowerCase() ?? null, address])).digest();
  await inSystem(ctx, async (tx) => {
    await lockAttacks(tx);
    const quiet = new Date(at.getTime() - attacks.quietSeconds * 1_000);
    if (await continueAttack(tx, { fingerprint, count, at }, quiet)) return;
    if (await countAttacksSince(tx, new Date(at.getTime() - 3_600_000)) >= mostNewAttacks) {
      log.warn("guard.attack-not-recorded", { kind, way });
      return;
    }
    const attacked = account === null ? undefined : await findAttackedAccount(tx, way, account);
    const network = address === null ? null : networkOf(addressBlock(address));
    const { structure_id = null, subject_kind = null, subject_id = null } = attacked ?? {};
    const subject = { structure_id, subject_kind, subject_id };
    const attackId = await insertAttack(tx, { kind, way, fingerprint, network, ...subject, count, at });
    await recordAudit(tx, ctx, {
      action: "sign-in-attack.detect",
      subject: attacked === undefined
        ? { kind: "sign-in-attack", id: attackId }
        : { kind: attacked.subject_kind, id: attacked.subject_id },
      structureId: structure_id,
      after: { kind, service: way, network: network ?? undefined, count },
    });
    await enqueue(tx, { kind: "tell-of-attack", attackId });
  });
}
