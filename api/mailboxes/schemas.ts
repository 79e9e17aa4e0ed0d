import { z } from "../http/openapi.ts";
import { pageOf, pageQuery } from "../http/paginate.ts";
import { plainText } from "../http/plain-text.ts";
import { idNatPs, personInput } from "../tenancy/mod.ts";
import { parseAddress } from "./address.ts";
import { checkHolder } from "./holder.ts";
import type { MailboxRow, MemberRow } from "./queries.ts";

const minQuotaBytes = 1_048_576;
const maxQuotaBytes = 1_099_511_627_776;

const address = z.string().max(400).transform((text, check) => {
  const parsed = parseAddress(text);
  if (parsed.ok) return parsed.address;
  check.addIssue({ code: "custom", message: parsed.reason });
  return z.NEVER;
}).openapi({
  type: "string",
  format: "email",
  maxLength: 254,
  example: "prenom.nom@cabinet-alpha.mssante.fr",
});
const type = z.enum(["PER", "ORG", "APP", "CAB"]);
const status = z.enum(["active", "suspended", "closed"]);

export const mailboxParam = z.object({
  mailboxId: z.guid().openapi({ param: { name: "mailboxId", in: "path" }, format: "uuid" }),
});
export const memberParam = mailboxParam.extend({
  personId: z.guid().openapi({ param: { name: "personId", in: "path" }, format: "uuid" }),
});
export const mailboxQuery = pageQuery.extend({ type: type.optional(), status: status.optional() });

export const mailboxInput = z.strictObject({
  address,
  type,
  displayName: plainText(0, 128).default(""),
  description: plainText(0, 75).default(""),
  service: plainText(0, 90).default(""),
  responsible: plainText(0, 45).default(""),
  holderIdNatPs: idNatPs.optional().openapi({
    description: "idNat_PS of the sole holder: for PER, and no other type",
  }),
  quotaBytes: z.int().min(minQuotaBytes).max(maxQuotaBytes).optional().openapi({
    description: "The structure's default when absent",
  }),
}).superRefine((box, check) => {
  const holder = checkHolder(box);
  if (!holder.ok) check.addIssue({ code: "custom", path: [holder.field], message: holder.reason });
}).openapi("NewMailbox");
export const memberInput = z.strictObject(personInput).openapi("NewMember");

export const mailboxBody = z.object({
  id: z.uuid(),
  structureId: z.uuid(),
  domainId: z.uuid(),
  address: z.string(),
  type,
  displayName: z.string(),
  description: z.string(),
  service: z.string(),
  responsible: z.string(),
  holderIdNatPs: z.string().nullable(),
  status,
  suspensionReason: z.string().nullable(),
  quotaBytes: z.int(),
  hasClientSecret: z.boolean(),
  provisioning: z.object({
    status: z.enum(["pending", "applied", "failed", "action_required"]),
    reason: z.string().nullable(),
  }).openapi({ description: "Whether the mail server matches this version, and why not" }),
  version: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
}).openapi("Mailbox");
export const clientPasswordBody = z.object({
  address: z.string().openapi({ description: "Login of the mail client" }),
  password: z.string().openapi({ description: "Shown this once: only its hash is kept" }),
}).openapi("ClientPassword");
export const mailboxPage = pageOf(mailboxBody).openapi("MailboxPage");
export const memberBody = z.object({
  mailboxId: z.uuid(),
  personId: z.uuid(),
  idNatPs: z.string().nullable(),
  givenName: z.string(),
  familyName: z.string(),
  createdAt: z.iso.datetime(),
}).openapi("Member");
export const memberList = z.object({ items: z.array(memberBody) }).openapi("MemberList");

export function toMailboxBody(row: MailboxRow): z.infer<typeof mailboxBody> {
  return {
    id: row.id,
    structureId: row.structure_id,
    domainId: row.domain_id,
    address: row.address,
    type: row.type,
    displayName: row.display_name,
    description: row.description,
    service: row.service,
    responsible: row.responsible,
    holderIdNatPs: row.holder_id_nat_ps,
    status: row.status,
    suspensionReason: row.suspension_reason,
    quotaBytes: row.quota_bytes,
    hasClientSecret: row.client_secret_hash !== null,
    provisioning: { status: row.provisioning, reason: row.provisioning_reason },
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export function toMemberBody(row: MemberRow): z.infer<typeof memberBody> {
  return {
    mailboxId: row.mailbox_id,
    personId: row.person_id,
    idNatPs: row.id_nat_ps,
    givenName: row.given_name,
    familyName: row.family_name,
    createdAt: row.created_at.toISOString(),
  };
}
