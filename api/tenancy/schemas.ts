import { pageOf } from "../http/paginate.ts";
import { plainText } from "../http/plain-text.ts";
import { z } from "../http/openapi.ts";
import { parseDomainName } from "./domain-name.ts";
import { parsePersonIdentifier } from "./person-identifier.ts";
import { parseStructureIdentifier } from "./structure-identifier.ts";
import type { DomainRow, MembershipRow, StructureRow } from "./queries.ts";

export const idNatStruct = z.string().transform((text, check) => {
  const parsed = parseStructureIdentifier(text);
  if (parsed.ok) return parsed.idNatStruct;
  check.addIssue({ code: "custom", message: parsed.reason });
  return z.NEVER;
}).openapi({ type: "string", example: "312345678900011", pattern: "^(1[0-9A-Z]{9}|3[0-9]{14})$" });

const domainName = z.string().transform((text, check) => {
  const parsed = parseDomainName(text);
  if (parsed.ok) return parsed.name;
  check.addIssue({ code: "custom", message: parsed.reason });
  return z.NEVER;
}).openapi({ type: "string", example: "cabinet-alpha.mssante.fr", maxLength: 253 });

export const idNatPs = z.string().transform((text, check) => {
  const parsed = parsePersonIdentifier(text);
  if (parsed.ok) return parsed.idNatPs;
  check.addIssue({ code: "custom", message: parsed.reason });
  return z.NEVER;
}).openapi({ type: "string", example: "810000000011", minLength: 1, maxLength: 64 });

/** How a person is named when noted before the first sign-in. */
export const personInput = {
  idNatPs,
  givenName: plainText(0, 100).default(""),
  familyName: plainText(0, 100).default(""),
};

export const structureParam = z.object({
  structureId: z.guid().openapi({ param: { name: "structureId", in: "path" }, format: "uuid" }),
});
export const structureRole = z.enum([
  "structure_administrator",
  "domain_administrator",
  "mailbox_manager",
  "user",
]);
export const membershipParam = structureParam.extend({
  personId: z.guid().openapi({ param: { name: "personId", in: "path" }, format: "uuid" }),
  role: structureRole.openapi({ param: { name: "role", in: "path" } }),
});

/** Why a structure or a box is suspended: for the trail and for who asks. */
export const suspensionInput = z.strictObject({ reason: plainText(1, 255) }).openapi("Suspension");
export const structureInput = z.strictObject({ idNatStruct, name: plainText(1, 255) }).openapi(
  "NewStructure",
);
export const domainInput = z.strictObject({ name: domainName }).openapi("NewDomain");
export const membershipInput = z.strictObject({ ...personInput, role: structureRole }).openapi(
  "NewMembership",
);

const status = z.enum(["active", "suspended", "closed"]);
export const structureBody = z.object({
  id: z.uuid(),
  idNatStruct: z.string(),
  name: z.string(),
  status,
  version: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
}).openapi("Structure");
export const domainBody = z.object({
  id: z.uuid(),
  structureId: z.uuid(),
  name: z.string(),
  status,
  provisioning: z.enum(["pending", "applied"]).openapi({
    description: "Whether the mail server knows this state",
  }),
  version: z.int(),
  createdAt: z.iso.datetime(),
}).openapi("Domain");
export const membershipBody = z.object({
  structureId: z.uuid(),
  personId: z.uuid(),
  role: structureRole,
  idNatPs: z.string().nullable(),
  givenName: z.string(),
  familyName: z.string(),
  createdAt: z.iso.datetime(),
}).openapi("Membership");

export const structurePage = pageOf(structureBody).openapi("StructurePage");
export const domainPage = pageOf(domainBody).openapi("DomainPage");
export const membershipPage = pageOf(membershipBody).openapi("MembershipPage");

export function toStructureBody(row: StructureRow): z.infer<typeof structureBody> {
  return {
    id: row.id,
    idNatStruct: row.id_nat_struct,
    name: row.name,
    status: row.status,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export function toDomainBody(row: DomainRow): z.infer<typeof domainBody> {
  return {
    id: row.id,
    structureId: row.structure_id,
    name: row.name,
    status: row.status,
    provisioning: row.applied_version >= row.version ? "applied" : "pending",
    version: row.version,
    createdAt: row.created_at.toISOString(),
  };
}

export function toMembershipBody(row: MembershipRow): z.infer<typeof membershipBody> {
  return {
    structureId: row.structure_id,
    personId: row.person_id,
    role: row.role,
    idNatPs: row.id_nat_ps,
    givenName: row.given_name,
    familyName: row.family_name,
    createdAt: row.created_at.toISOString(),
  };
}
