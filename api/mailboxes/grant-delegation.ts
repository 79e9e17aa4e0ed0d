import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { enqueue, mailboxJobKey } from "../database/enqueue.ts";
import { asPlatform, inStructure, type Tx } from "../database/in-tenant.ts";
import { invalidRequest, problem } from "../problems.ts";
import { findOrNotePerson, insertMembership, type PersonIdentity } from "../tenancy/mod.ts";
import {
  findDelegationOf,
  findKnownPerson,
  insertDelegation,
  isMember,
  listDelegations,
  type NamedDelegation,
  updateDelegation,
} from "./delegation-queries.ts";
import { type DelegationRight, delegationState, mayGive, toRightColumns } from "./delegation-rights.ts";
import { toDelegationSnapshot } from "./delegation-schemas.ts";
import { authoriseOnDelegations } from "./locate.ts";
import { requireOpen } from "./mailbox-states.ts";
import { getMailboxForUpdate, type MailboxRow } from "./queries.ts";

export interface NewDelegation {
  readonly mailboxId: string;
  /** Somebody by his national identity, noted when nobody knows him yet; or somebody the structure knows. */
  readonly person?: PersonIdentity | undefined;
  readonly personId?: string | undefined;
  readonly rights: readonly DelegationRight[];
  /** ISO 8601; now when absent. */
  readonly startsAt?: string | undefined;
  /** Until revoked when absent. */
  readonly endsAt?: string | null | undefined;
}

/**
 * Lets a person do something with a box of another. In force at its date, looked at by each request (api/jmap-gateway).
 * Nobody gives a delegation to himself: an administrator does not open the mail of those he administers by his own hand.
 * Throws `mailbox-not-found`, `mailbox-closing`, `mailbox-closed`, `person-not-found`, `delegation-exists`,
 * `delegation-of-own-mailbox`, `delegation-to-oneself`, `delegation-beyond-own`, `invalid-request`.
 */
export async function grantDelegation(ctx: Context, input: NewDelegation): Promise<NamedDelegation> {
  const { mailboxId } = input;
  const { structureId, limit } = await authoriseOnDelegations(ctx, "mailbox-delegation.grant", mailboxId);
  const rights = toRightColumns(input.rights);
  if (limit !== undefined && !mayGive(limit, rights)) throw problem("delegation-beyond-own");
  const now = ctx.now();
  const startsAt = input.startsAt === undefined ? now : new Date(input.startsAt);
  const endsAt = input.endsAt === undefined || input.endsAt === null ? null : new Date(input.endsAt);
  requireDates(startsAt, endsAt, now);
  return await inStructure(ctx, structureId, async (tx) => {
    const mailbox = await getMailboxForUpdate(tx, structureId, mailboxId);
    requireOpen(mailbox);
    const personId = await delegateOf(ctx, tx, mailbox, input);
    const existing = await findDelegationOf(tx, mailbox, personId);
    if (existing !== undefined) {
      if (delegationState(existing, now) !== "ended") {
        throw problem("delegation-exists", { delegationId: existing.id });
      }
      await updateDelegation(tx, existing, { revoked_at: now }, now);
    }
    await insertMembership(tx, { structureId, personId, role: "user", now });
    const made = await insertDelegation(tx, mailbox, { personId, rights, startsAt, endsAt }, now);
    const [delegation] = await asPlatform(tx, () => listDelegations(tx, structureId, mailboxId, made.id));
    if (delegation === undefined) throw problem("delegation-not-found");
    await recordAudit(tx, ctx, {
      action: "mailbox-delegation.grant",
      subject: { kind: "mailbox", id: mailboxId },
      structureId,
      after: toDelegationSnapshot(mailbox, delegation, now),
    });
    await enqueue(tx, { kind: "apply-mailbox", structureId, mailboxId }, mailboxJobKey(mailboxId));
    return delegation;
  });
}

/** Throws `invalid-request` for dates in the wrong order, or an end that is over. */
export function requireDates(startsAt: Date, endsAt: Date | null, now: Date): void {
  if (endsAt === null) return;
  if (endsAt <= startsAt) throw invalidRequest([{ pointer: "/endsAt", detail: "must come after startsAt" }]);
  if (endsAt <= now) throw invalidRequest([{ pointer: "/endsAt", detail: "is over already" }]);
}

async function delegateOf(ctx: Context, tx: Tx, mailbox: MailboxRow, input: NewDelegation): Promise<string> {
  const person = input.person === undefined ? await findKnownPerson(tx, input.personId ?? "") : {
    ...await asPlatform(tx, () => findOrNotePerson(tx, input.person!, ctx.now())),
    id_nat_ps: input.person.idNatPs,
  };
  if (person === undefined) throw problem("person-not-found");
  if (ctx.actor.kind === "person" && ctx.actor.personId === person.id) throw problem("delegation-to-oneself");
  const isHolder = person.id_nat_ps !== null && person.id_nat_ps === mailbox.holder_id_nat_ps;
  if (isHolder || await isMember(tx, mailbox, person.id)) throw problem("delegation-of-own-mailbox");
  return person.id;
}
