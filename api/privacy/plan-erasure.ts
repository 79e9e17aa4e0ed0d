import { recordAudit } from "../audit/mod.ts";
import type { Context, PersonActor } from "../context.ts";
import { enqueue } from "../database/enqueue.ts";
import { inOperator } from "../database/in-tenant.ts";
import { onUnique } from "../database/unique.ts";
import { checkVersion } from "../http/version.ts";
import { authorise } from "../identity/mod.ts";
import { isLastOperatorAdministrator, lockOperatorRoles } from "../people/mod.ts";
import { problem } from "../problems.ts";
import { beginOf, type PlannedStep, planSteps, type RetentionDays } from "./erasure-plan.ts";
import {
  type ErasureStepRow,
  findPersonName,
  getErasureForUpdate,
  insertErasure,
  insertErasureSteps,
  listBoxesToClose,
  listErasureSteps,
  type NamedErasureRow,
  setErasureStatus,
} from "./erasure-queries.ts";

export interface ErasurePlan {
  readonly erasure: NamedErasureRow;
  readonly steps: readonly ErasureStepRow[];
}

export interface ErasurePreview {
  readonly person: { readonly id: string; readonly given_name: string; readonly family_name: string };
  /** Personal boxes that would be closed at once. */
  readonly mailboxes: readonly string[];
  readonly steps: readonly PlannedStep[];
}

/** What a plan made now would say; nothing is written. Throws `person-not-found`. */
export async function previewErasure(
  ctx: Context,
  personId: string,
  days: RetentionDays,
): Promise<ErasurePreview> {
  authorise(ctx, "erasure.plan");
  return await inOperator(ctx, async (tx) => {
    const person = await findPersonName(tx, personId);
    if (person === undefined) throw problem("person-not-found");
    const boxes = await listBoxesToClose(tx, personId);
    return {
      person,
      mailboxes: boxes.map(({ address }) => address),
      steps: planSteps(ctx.now(), days),
    };
  });
}

/**
 * Plans the erasure of a person (art. 17 RGPD): it begins when the time to give it up is over, and each category goes at its date.
 * Throws `person-not-found`, `last-administrator`, `erasure-open`.
 */
export async function planErasure(
  ctx: Context,
  actor: PersonActor,
  input: { readonly personId: string; readonly reason: string },
  days: RetentionDays,
): Promise<ErasurePlan> {
  authorise(ctx, "erasure.plan");
  return await inOperator(ctx, async (tx) => {
    const person = await findPersonName(tx, input.personId);
    if (person === undefined) throw problem("person-not-found");
    await lockOperatorRoles(tx);
    if (await isLastOperatorAdministrator(tx, input.personId)) throw problem("last-administrator");
    const erasure = await onUnique(
      "erasures__open",
      () => problem("erasure-open"),
      () => insertErasure(tx, { ...input, requestedBy: actor.personId, createdAt: ctx.now() }),
    );
    await insertErasureSteps(tx, erasure.id, planSteps(ctx.now(), days));
    await recordAudit(tx, ctx, {
      action: "erasure.plan",
      subject: { kind: "person", id: input.personId },
      after: { status: erasure.status },
      reason: input.reason,
    });
    await enqueue(tx, { kind: "run-erasures" }, undefined, beginOf(ctx.now(), days));
    const { given_name, family_name } = person;
    return {
      erasure: { ...erasure, given_name, family_name },
      steps: await listErasureSteps(tx, erasure.id),
    };
  });
}

/** Gives a plan up, as long as nothing was erased. Throws `erasure-not-found`, `erasure-ended`, `version-mismatch`. */
export async function cancelErasure(
  ctx: Context,
  input: { readonly erasureId: string; readonly ifVersion: number | undefined },
): Promise<void> {
  authorise(ctx, "erasure.cancel");
  await inOperator(ctx, async (tx) => {
    const before = await getErasureForUpdate(tx, input.erasureId);
    if (before.status === "cancelled") return;
    if (before.status !== "planned") throw problem("erasure-ended");
    checkVersion(before.version, input.ifVersion);
    const after = await setErasureStatus(tx, before, "cancelled", ctx.now());
    await recordAudit(tx, ctx, {
      action: "erasure.cancel",
      subject: { kind: "person", id: before.person_id },
      before: { status: before.status },
      after: { status: after.status },
    });
  });
}
