import { z } from "../http/openapi.ts";
import { pageOf, pageQuery } from "../http/paginate.ts";
import { personInput, structureParam, structureRole } from "../tenancy/mod.ts";
import type { InvitationRow } from "./invitation-queries.ts";

export const invitationParam = structureParam.extend({
  invitationId: z.guid().openapi({ param: { name: "invitationId", in: "path" }, format: "uuid" }),
});
const status = z.enum(["pending", "accepted", "revoked", "expired"]);
export const invitationQuery = pageQuery.extend({ status: status.optional() });

export const invitationInput = z.strictObject({
  ...personInput,
  role: structureRole,
  email: z.email().max(254).optional().openapi({
    description: "Where the person is told of it; the platform sends nothing there",
  }),
}).openapi("NewInvitation");

export const invitationBody = z.object({
  id: z.uuid(),
  structureId: z.uuid(),
  personId: z.uuid(),
  idNatPs: z.string().nullable(),
  givenName: z.string(),
  familyName: z.string(),
  role: structureRole,
  email: z.string().nullable(),
  status: status.openapi({ description: "`pending` until the person's first sign-in" }),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  decidedAt: z.iso.datetime().nullable(),
}).openapi("Invitation");
export const invitationPage = pageOf(invitationBody).openapi("InvitationPage");

export function toInvitationBody(row: InvitationRow, now: Date): z.infer<typeof invitationBody> {
  return {
    id: row.id,
    structureId: row.structure_id,
    personId: row.person_id,
    idNatPs: row.id_nat_ps,
    givenName: row.given_name,
    familyName: row.family_name,
    role: row.role,
    email: row.email,
    // Nobody writes it down at the moment it happens.
    status: row.status === "pending" && row.expires_at <= now ? "expired" : row.status,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    decidedAt: row.decided_at?.toISOString() ?? null,
  };
}
