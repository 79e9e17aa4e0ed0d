import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inSystem, type Tx } from "../database/in-tenant.ts";
import { closeMailbox } from "../mailboxes/mod.ts";
import type { RetentionDays } from "./erasure-plan.ts";
import type { CategoryName } from "./data-map.ts";
import {
  anonymisePerson,
  deleteCategory,
  type ErasureRow,
  getErasure,
  getErasureForUpdate,
  listBoxesToClose,
  listDueErasures,
  listErasureSteps,
  markStepDone,
  setErasureStatus,
} from "./erasure-queries.ts";

/**
 * Does the steps of all plans that are due, each in a transaction with its row of the trail: killed in between, the next run
 * goes on with the next step.
 */
export async function runErasures(ctx: Context, days: RetentionDays): Promise<void> {
  for (const erasureId of await inSystem(ctx, (tx) => listDueErasures(tx, ctx.now()))) {
    const { person_id: person, status } = await inSystem(ctx, (tx) => getErasure(tx, erasureId));
    // His boxes close when the plan begins; their mail goes when its time is over.
    if (status === "planned") await closeBoxes(ctx, person, days);
    const steps = await inSystem(ctx, (tx) => listErasureSteps(tx, erasureId));
    const due = steps.filter((one) =>
      one.act === "erase" && one.done_at === null && one.due_at !== null && one.due_at <= ctx.now()
    );
    for (const { category } of due) await runStep(ctx, erasureId, person, category as CategoryName);
    await inSystem(ctx, (tx) => finish(tx, ctx, erasureId));
    ctx.log.info("run-erasures.steps", { erasureId, steps: due.length });
  }
}

async function runStep(
  ctx: Context,
  erasureId: string,
  personId: string,
  category: CategoryName,
): Promise<void> {
  await inSystem(ctx, async (tx) => {
    const erasure = await getErasureForUpdate(tx, erasureId);
    if (erasure.status === "cancelled" || erasure.status === "done") return;
    await deleteCategory(tx, category, personId);
    if (category === "identite") await anonymisePerson(tx, personId);
    await markStepDone(tx, erasureId, category, ctx.now());
    await recordAudit(tx, ctx, {
      action: "erasure.run",
      subject: { kind: "person", id: personId },
      after: { categories: [category] },
    });
    if (erasure.status === "planned") await setErasureStatus(tx, erasure, "running", ctx.now());
  });
}

async function closeBoxes(ctx: Context, personId: string, days: RetentionDays): Promise<void> {
  for (const { mailboxId, address } of await inSystem(ctx, (tx) => listBoxesToClose(tx, personId))) {
    await closeMailbox(ctx, {
      mailboxId,
      reason: "Effacement de la personne (RGPD, article 17)",
      confirmAddress: address,
      retentionDays: days.mail,
    });
  }
}

async function finish(tx: Tx, ctx: Context, erasureId: string): Promise<ErasureRow | undefined> {
  const erasure = await getErasureForUpdate(tx, erasureId);
  const steps = await listErasureSteps(tx, erasureId);
  if (erasure.status !== "running" || steps.some((one) => one.act === "erase" && one.done_at === null)) {
    return undefined;
  }
  return await setErasureStatus(tx, erasure, "done", ctx.now());
}
