import { z } from "../http/openapi.ts";
import { personInput } from "../tenancy/mod.ts";
import type { NamedDelegation } from "./delegation-queries.ts";
import { delegationRights, delegationState, toRights } from "./delegation-rights.ts";
import { mailboxParam } from "./schemas.ts";

const rights = z.array(z.enum(delegationRights)).min(1).max(5).openapi({
  description: "`write` brings `read`; both ways of sending bring `write`",
});
const date = z.iso.datetime({ offset: true }).refine((text) => /^2[01]/.test(text), {
  error: "must lie between the years 2000 and 2199",
});

export const delegationParam = mailboxParam.extend({
  delegationId: z.guid().openapi({ param: { name: "delegationId", in: "path" }, format: "uuid" }),
});
export const delegationInput = z.strictObject({
  person: z.strictObject(personInput).optional(),
  personId: z.guid().optional().openapi({ format: "uuid", description: "Somebody whom the structure knows" }),
  rights,
  startsAt: date.optional().openapi({ description: "Now when absent" }),
  endsAt: date.nullable().optional().openapi({ description: "Until revoked when absent" }),
}).refine((one) => (one.person === undefined) !== (one.personId === undefined), {
  path: ["person"],
  error: "either `person` or `personId` says who it is for",
}).openapi("NewDelegation");
export const delegationChange = z.strictObject({
  rights: rights.optional(),
  startsAt: date.optional(),
  endsAt: date.nullable().optional(),
}).refine((change) => Object.keys(change).length > 0, { error: "changes nothing" }).openapi(
  "DelegationChange",
);

export const delegationBody = z.object({
  id: z.uuid(),
  mailboxId: z.uuid(),
  personId: z.uuid(),
  person: z.object({
    id: z.uuid(),
    idNatPs: z.string().nullable(),
    givenName: z.string(),
    familyName: z.string(),
  }),
  rights: z.array(z.enum(delegationRights)),
  startsAt: z.iso.datetime(),
  endsAt: z.iso.datetime().nullable(),
  status: z.enum(["upcoming", "active", "ended"]),
  version: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
}).openapi("Delegation");
export const delegationList = z.object({ items: z.array(delegationBody) }).openapi("DelegationList");

/** As the trail keeps it: on which box and for whom, in words that outlive both. */
export function toDelegationSnapshot(mailbox: { readonly address: string }, row: NamedDelegation, now: Date) {
  return { address: mailbox.address, idNatPs: row.id_nat_ps, ...toDelegationBody(row, now) };
}

export function toDelegationBody(row: NamedDelegation, now: Date): z.infer<typeof delegationBody> {
  return {
    id: row.id,
    mailboxId: row.mailbox_id,
    personId: row.person_id,
    person: {
      id: row.person_id,
      idNatPs: row.id_nat_ps,
      givenName: row.given_name,
      familyName: row.family_name,
    },
    rights: toRights(row),
    startsAt: row.starts_at.toISOString(),
    endsAt: row.ends_at?.toISOString() ?? null,
    status: delegationState(row, now),
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
