import { pageOf, pageQuery } from "../http/paginate.ts";
import { plainText } from "../http/plain-text.ts";
import { z } from "../http/openapi.ts";
import { parseDomainName } from "./domain-name.ts";
import { parsePersonIdentifier } from "./person-identifier.ts";
import { parseStructureIdentifier } from "./structure-identifier.ts";
import type { DomainRow, MembershipRow, StructureRow } from "./queries.ts";
import type { StructureView } from "./structure-queries.ts";

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
export const domainParam = structureParam.extend({
  domainId: z.guid().openapi({ param: { name: "domainId", in: "path" }, format: "uuid" }),
});
export const membershipParam = structureParam.extend({
  personId: z.guid().openapi({ param: { name: "personId", in: "path" }, format: "uuid" }),
  role: structureRole.openapi({ param: { name: "role", in: "path" } }),
});

/** Why a structure or a box is suspended: for the trail and for who asks. */
export const suspensionInput = z.strictObject({ reason: plainText(1, 255) }).openapi("Suspension");
/** A closing is for good: the name of what is closed is written again. */
export const closingInput = z.strictObject({ reason: plainText(1, 255), confirmName: plainText(1, 255) })
  .openapi("Closing");

const quotaMailboxes = z.int().min(0).max(2_147_483_647).nullable().openapi({
  description: "How many mailboxes it may have; null = no limit",
});
const quotaBytes = z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable().openapi({
  description: "How many bytes its mailboxes may be promised in all; null = no limit",
});
const resellerId = z.guid().openapi({ format: "uuid", description: "The structure that administers it" });

export const structureInput = z.strictObject({
  idNatStruct,
  name: plainText(1, 255),
  resellerId: resellerId.optional(),
  quotaMailboxes: quotaMailboxes.optional(),
  quotaBytes: quotaBytes.optional(),
  domains: z.array(domainName).max(50).optional(),
  administrator: z.strictObject(personInput).optional().openapi({
    description: "Who will administer it; noted by his national identity when nobody knows him yet",
  }),
}).superRefine(({ domains = [] }, check) => {
  domains.forEach((name, index) => {
    if (domains.indexOf(name) === index) return;
    check.addIssue({ code: "custom", path: ["domains", index], message: "is named twice" });
  });
}).openapi("NewStructure");

const isSomething = (changes: object) => Object.values(changes).some((one) => one !== undefined);
const nothing = { error: "names nothing to change" };
/** An address in ASCII, or nothing. */
const contactEmail = z.union([z.literal(""), z.email().max(254)]).openapi({ type: "string", maxLength: 254 });
const contactPhone = z.string().max(32).regex(
  /^[0-9+() .-]*$/,
  "holds more than digits, spaces and + ( ) . -",
);
const settingsInput = z.strictObject({
  contactName: plainText(0, 128).optional(),
  contactEmail: contactEmail.optional(),
  contactPhone: contactPhone.optional(),
  appPasswordsAllowed: z.boolean().optional(),
  defaultMailboxQuotaBytes: z.int().min(1_048_576).max(1_099_511_627_776).optional(),
}).refine(isSomething, nothing);
export const structureChange = z.strictObject({
  name: plainText(1, 255).optional(),
  quotaMailboxes: quotaMailboxes.optional(),
  quotaBytes: quotaBytes.optional(),
  isReseller: z.boolean().optional(),
  resellerId: resellerId.nullable().optional(),
  settings: settingsInput.optional(),
}).refine(isSomething, nothing).openapi("StructureChange");
export const domainInput = z.strictObject({ name: domainName }).openapi("NewDomain");
export const membershipInput = z.strictObject({ ...personInput, role: structureRole }).openapi(
  "NewMembership",
);

const status = z.enum(["active", "suspended", "closed"]);
const search = plainText(0, 100).optional().openapi({
  description: "Words, in any case and without accents",
});
export const structureQuery = pageQuery.extend({
  q: search,
  status: status.optional(),
  resellerId: resellerId.optional(),
  sort: z.enum([
    "name",
    "-name",
    "createdAt",
    "-createdAt",
    "usedMailboxes",
    "-usedMailboxes",
    "usedBytes",
    "-usedBytes",
  ]).default("name"),
});
export const domainQuery = pageQuery.extend({
  q: search,
  status: status.optional(),
  sort: z.enum(["name", "-name"]).default("name"),
});

export const structureBody = z.object({
  id: z.uuid(),
  idNatStruct: z.string(),
  name: z.string(),
  status,
  suspensionReason: z.string().nullable(),
  resellerId: z.uuid().nullable().openapi({ description: "The structure that administers it" }),
  isReseller: z.boolean(),
  quotaMailboxes,
  quotaBytes,
  usedMailboxes: z.int().openapi({ description: "Mailboxes that are not closed" }),
  usedBytes: z.int().openapi({ description: "Bytes promised to them, as their quotas" }),
  settings: z.object({
    contactName: z.string(),
    contactEmail: z.string(),
    contactPhone: z.string(),
    appPasswordsAllowed: z.boolean(),
    defaultMailboxQuotaBytes: z.int(),
  }),
  onboarding: z.object({
    hasDomain: z.boolean(),
    hasAdministrator: z.boolean(),
    hasMailbox: z.boolean(),
    charterAccepted: z.boolean(),
  }).openapi({ description: "What is there already of what the structure needs to work" }),
  closedAt: z.iso.datetime().nullable(),
  closingReason: z.string().nullable(),
  version: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
}).openapi("Structure");
export const domainBody = z.object({
  id: z.uuid(),
  structureId: z.uuid(),
  name: z.string(),
  status,
  suspensionReason: z.string().nullable(),
  closedAt: z.iso.datetime().nullable(),
  closingReason: z.string().nullable(),
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

type StructureBody = z.infer<typeof structureBody>;

/** What the trail keeps of a structure: its row, without what others make of it. */
export function toStructureSnapshot(row: StructureRow): Omit<StructureBody, "onboarding"> {
  return {
    id: row.id,
    idNatStruct: row.id_nat_struct,
    name: row.name,
    status: row.status,
    suspensionReason: row.suspension_reason,
    resellerId: row.reseller_id,
    isReseller: row.is_reseller,
    quotaMailboxes: row.quota_mailboxes,
    quotaBytes: row.quota_bytes,
    usedMailboxes: row.used_mailboxes,
    usedBytes: row.used_bytes,
    settings: {
      contactName: row.contact_name,
      contactEmail: row.contact_email,
      contactPhone: row.contact_phone,
      appPasswordsAllowed: row.app_passwords_allowed,
      defaultMailboxQuotaBytes: row.default_mailbox_quota_bytes,
    },
    closedAt: row.closed_at?.toISOString() ?? null,
    closingReason: row.closing_reason,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export function toStructureBody(view: StructureView): StructureBody {
  return {
    ...toStructureSnapshot(view),
    onboarding: {
      hasDomain: view.has_domain,
      hasAdministrator: view.has_administrator,
      hasMailbox: view.used_mailboxes > 0,
      charterAccepted: view.charter_accepted_at !== null,
    },
  };
}

export function toDomainBody(row: DomainRow): z.infer<typeof domainBody> {
  return {
    id: row.id,
    structureId: row.structure_id,
    name: row.name,
    status: row.status,
    suspensionReason: row.suspension_reason,
    closedAt: row.closed_at?.toISOString() ?? null,
    closingReason: row.closing_reason,
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
