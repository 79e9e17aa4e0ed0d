import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { asPlatform, inStructure, type Tx } from "../database/in-tenant.ts";
import { authorise, endSessionsIn } from "../identity/mod.ts";
import { problem } from "../problems.ts";
import { getStructureForUpdate, isLastAdministrator, requireOtherAdministrator } from "../tenancy/mod.ts";
import {
  countSessionsWithoutPurpose,
  type DepartureRow,
  endHoldings,
  findDepartureById,
  findDoneDeparture,
  findHoldings,
  findScheduledDeparture,
  type Holdings,
  insertDeparture,
  updateDeparture,
} from "./departure-queries.ts";
import { getPersonOfStructure } from "./queries.ts";

export interface NewDeparture {
  readonly structureId: string;
  readonly personId: string;
  readonly reason: string;
  /** Now when absent or past. */
  readonly dueAt?: Date | undefined;
}

/**
 * Ends, now or at a date, all that the person has in this structure: roles, boxes that he shares or is delegated, open
 * invitations. His own boxes here are suspended and keep their mail. Sessions end when he has nothing anywhere else;
 * otherwise they go on without these rights (a second at most). Idempotent; a second one before its date replaces it.
 * Throws `structure-not-found`, `person-not-found`, `last-administrator`.
 */
export async function depart(ctx: Context, input: NewDeparture): Promise<DepartureRow> {
  const { structureId, personId, reason } = input;
  authorise(ctx, "person.depart", { structureId });
  const now = ctx.now();
  const dueAt = input.dueAt ?? now;
  return await inStructure(ctx, structureId, async (tx) => {
    await getStructureForUpdate(tx, structureId);
    const done = await findDoneDeparture(tx, structureId, personId);
    const isGone = await isWithoutHoldings(tx, structureId, personId);
    if (done !== undefined && isGone) return done;
    await getPersonOfStructure(tx, structureId, personId, now);
    await requireOtherAdministrator(tx, structureId, personId);
    const scheduled = await findScheduledDeparture(tx, structureId, personId);
    if (dueAt <= now) {
      const departure = scheduled === undefined
        ? await insertDeparture(tx, { structureId, personId, reason, dueAt, now, isDone: true })
        : await updateDeparture(tx, scheduled, { reason, due_at: dueAt, status: "done", ended_at: now });
      await leave(tx, ctx, departure);
      return departure;
    }
    if (scheduled?.due_at.getTime() === dueAt.getTime() && scheduled.reason === reason) return scheduled;
    const departure = scheduled === undefined
      ? await insertDeparture(tx, { structureId, personId, reason, dueAt, now, isDone: false })
      : await updateDeparture(tx, scheduled, { reason, due_at: dueAt });
    await schedule(tx, departure, dueAt);
    await recordAudit(tx, ctx, {
      action: "person.depart",
      subject: { kind: "person", id: personId },
      structureId,
      before: scheduled === undefined ? null : { dueAt: scheduled.due_at, status: scheduled.status },
      after: { dueAt, status: "scheduled" },
      reason,
    });
    return departure;
  });
}

/** The job of a departure's date. One that was cancelled, put off or done is left alone. */
export async function departWhenDue(
  ctx: Context,
  { structureId, departureId }: { readonly structureId: string; readonly departureId: string },
): Promise<void> {
  const now = ctx.now();
  await inStructure(ctx, structureId, async (tx) => {
    await getStructureForUpdate(tx, structureId);
    const scheduled = await findDepartureById(tx, structureId, departureId);
    if (scheduled?.status !== "scheduled" || scheduled.due_at > now) return;
    if (await isLastAdministrator(tx, structureId, scheduled.person_id)) {
      // Somebody else was to be named meanwhile. The person's page shows that the date has passed.
      ctx.log.warn("departure.last-administrator", { structureId, departureId });
      await schedule(tx, scheduled, new Date(now.getTime() + retryMilliseconds));
      return;
    }
    await leave(tx, ctx, await updateDeparture(tx, scheduled, { status: "done", ended_at: now }));
  });
}

/** How long a departure waits that would leave the structure without administrator. */
const retryMilliseconds = 6 * 3_600_000;

/** Cancels a departure that has not taken place. Throws `structure-not-found`, `departure-not-found`. */
export async function cancelDeparture(
  ctx: Context,
  { structureId, personId }: { readonly structureId: string; readonly personId: string },
): Promise<void> {
  authorise(ctx, "person.cancel-departure", { structureId });
  await inStructure(ctx, structureId, async (tx) => {
    await getStructureForUpdate(tx, structureId);
    const scheduled = await findScheduledDeparture(tx, structureId, personId);
    if (scheduled === undefined) throw problem("departure-not-found");
    await updateDeparture(tx, scheduled, { status: "cancelled", ended_at: ctx.now() });
    await recordAudit(tx, ctx, {
      action: "person.cancel-departure",
      subject: { kind: "person", id: personId },
      structureId,
      before: { dueAt: scheduled.due_at, status: "scheduled" },
      after: { status: "cancelled" },
    });
  });
}

export interface DeparturePreview extends Holdings {
  readonly sessions: number;
  readonly isLastAdministrator: boolean;
}

/** What a departure would end now. Throws `structure-not-found`, `person-not-found`. */
export async function previewDeparture(
  ctx: Context,
  { structureId, personId }: { readonly structureId: string; readonly personId: string },
): Promise<DeparturePreview> {
  authorise(ctx, "person.depart", { structureId });
  return await inStructure(ctx, structureId, async (tx) => {
    await getPersonOfStructure(tx, structureId, personId, ctx.now());
    const holdings = await findHoldings(tx, structureId, personId);
    return {
      ...holdings,
      sessions: await asPlatform(
        tx,
        () => countSessionsWithoutPurpose(tx, structureId, personId, ctx.now()),
      ),
      isLastAdministrator: await isLastAdministrator(tx, structureId, personId),
    };
  });
}

async function isWithoutHoldings(tx: Tx, structureId: string, personId: string): Promise<boolean> {
  const { roles, memberBoxes, mailboxes } = await findHoldings(tx, structureId, personId);
  return roles.length + memberBoxes.length + mailboxes.length === 0;
}

/** What happens at the moment of leaving, with its one row in the trail; each session that ends has its own. */
async function leave(tx: Tx, ctx: Context, departure: DepartureRow): Promise<void> {
  const { structure_id: structureId, person_id: personId, reason } = departure;
  const now = ctx.now();
  const { roles } = await findHoldings(tx, structureId, personId);
  const sessions = await asPlatform(
    tx,
    () => countSessionsWithoutPurpose(tx, structureId, personId, now),
  );
  const mailboxIds = await endHoldings(tx, { structureId, personId, reason, now });
  for (const mailboxId of mailboxIds) {
    await enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId));
  }
  if (sessions > 0) await asPlatform(tx, () => endSessionsIn(tx, ctx, { personId }, "departed"));
  await recordAudit(tx, ctx, {
    action: "person.depart",
    subject: { kind: "person", id: personId },
    structureId,
    before: { roles },
    after: { roles: [], mailboxIds, status: "done" },
    reason,
  });
}

async function schedule(tx: Tx, departure: DepartureRow, at: Date): Promise<void> {
  const { structure_id: structureId, id: departureId } = departure;
  await enqueue(
    tx,
    { kind: "depart-person", structureId, departureId },
    `depart-person:${departureId}`,
    at,
  );
}
