import { invalidRequest } from "../problems.ts";
import { z } from "../http/openapi.ts";
import { pageOf, pageQuery, type PageRequest, pageRequest } from "../http/paginate.ts";
import { plainText } from "../http/plain-text.ts";
import { rppsOf } from "../identity/mod.ts";
import { structureParam, structureRole } from "../tenancy/mod.ts";
import { type PersonRow, personSorts, personStatuses } from "./queries.ts";

export const personParam = structureParam.extend({
  personId: z.guid().openapi({ param: { name: "personId", in: "path" }, format: "uuid" }),
});

export const operatorPeopleQuery = pageQuery.extend({
  q: plainText(0, 100).optional().openapi({
    description: "Words that must all be found in names, address, RPPS; accents and capitals do not count",
    example: "allard",
  }),
  status: z.enum(personStatuses).optional(),
  sort: z.enum(personSorts).default("name"),
});
export const peopleQuery = operatorPeopleQuery.extend({ role: structureRole.optional() });

/** Throws `invalid-request` for a cursor that is none of this list. */
export function peoplePageRequest(query: z.infer<typeof operatorPeopleQuery>): PageRequest {
  const request = pageRequest(query, 2);
  if (request.after !== undefined && !z.guid().safeParse(request.after[1]).success) {
    throw invalidRequest([{ pointer: "/query/cursor", detail: "is not a cursor of this list" }]);
  }
  return request;
}

/** The page of a list by time and id. Throws `invalid-request` for a cursor that is none of it. */
export function timePageRequest(query: { limit: number; cursor?: string | undefined }): PageRequest {
  const request = pageRequest(query, 2);
  const key = z.tuple([z.iso.datetime(), z.guid()]);
  if (request.after !== undefined && !key.safeParse(request.after).success) {
    throw invalidRequest([{ pointer: "/query/cursor", detail: "is not a cursor of this list" }]);
  }
  return request;
}

export const personBody = z.object({
  id: z.uuid(),
  idNatPs: z.string().nullable(),
  rpps: z.string().nullable().openapi({ description: "Null for who is not in the RPPS" }),
  givenName: z.string(),
  familyName: z.string(),
  status: z.enum(personStatuses).openapi({
    description:
      "`invited`: has never signed in · `departed`: has left the structure, a box of his is kept · `suspended`: by the operator",
  }),
  createdAt: z.iso.datetime(),
  lastSignedInAt: z.iso.datetime().nullable(),
  roles: z.array(z.object({
    structureId: z.uuid().nullable().openapi({ description: "Null for a role of the operator" }),
    role: z.enum([
      "operator_administrator",
      "operator_support",
      "auditor",
      "structure_administrator",
      "domain_administrator",
      "mailbox_manager",
      "user",
    ]),
  })),
  mailboxes: z.array(z.object({ id: z.uuid(), address: z.string() })).openapi({
    description:
      "Boxes that he holds or is a member of, his own first; of this structure, or of all for the operator",
  }),
  invitation: z.object({
    id: z.uuid(),
    role: structureRole,
    status: z.enum(["pending", "expired"]),
    expiresAt: z.iso.datetime(),
  }).nullable().openapi({ description: "The invitation that is still open" }),
  departure: z.object({
    status: z.enum(["scheduled", "done"]),
    dueAt: z.iso.datetime(),
    reason: z.string(),
  }).nullable().openapi({ description: "The last departure, planned or done" }),
}).openapi("Person");
export const personPage = pageOf(personBody).openapi("PersonPage");

export function toPersonBody(row: PersonRow): z.infer<typeof personBody> {
  const { invitation, departure } = row;
  return {
    id: row.id,
    idNatPs: row.id_nat_ps,
    rpps: rppsOf(row.id_nat_ps),
    givenName: row.given_name,
    familyName: row.family_name,
    status: row.status,
    createdAt: row.created_at.toISOString(),
    lastSignedInAt: row.last_signed_in_at?.toISOString() ?? null,
    roles: [...row.roles],
    mailboxes: [...row.mailboxes],
    // JSON of PostgreSQL writes times in the session's zone.
    invitation: invitation && { ...invitation, expiresAt: new Date(invitation.expiresAt).toISOString() },
    departure: departure && { ...departure, dueAt: new Date(departure.dueAt).toISOString() },
  };
}
