import { z } from "../http/openapi.ts";
import { pageOf, pageQuery } from "../http/paginate.ts";
import { plainText } from "../http/plain-text.ts";
import { idNatPs, personInput } from "../tenancy/mod.ts";
import { parseAddress } from "./address.ts";
import { checkHolder } from "./holder.ts";
import { mailboxSorts } from "./list-queries.ts";
import { mailboxStates } from "./mailbox-states.ts";
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
const status = z.enum(mailboxStates);
const provisioning = z.enum(["pending", "applied", "failed", "action_required"]);

export const mailboxParam = z.object({
  mailboxId: z.guid().openapi({ param: { name: "mailboxId", in: "path" }, format: "uuid" }),
});
export const memberParam = mailboxParam.extend({
  personId: z.guid().openapi({ param: { name: "personId", in: "path" }, format: "uuid" }),
});
export const mailboxQuery = pageQuery.extend({
  q: plainText(0, 100).optional().openapi({
    description:
      "Words in the address, an alias, the name, description, service or person responsible; accents do not count",
  }),
  type: type.optional(),
  status: status.optional(),
  provisioning: provisioning.optional(),
  domainId: z.guid().optional().openapi({ format: "uuid" }),
  inactiveSince: z.iso.datetime({ offset: true }).refine((text) => /^2[01]/.test(text)).optional().openapi({
    description: "Only boxes that nobody has opened since then",
  }),
  sort: z.enum(mailboxSorts.flatMap((field) => [field, `-${field}` as const])).default("address"),
});
const phone = z.string().max(32).regex(/^(\+?[0-9][0-9 .-]{1,30})?$/, "is not a telephone number");
const preferredRank = z.int().min(1).max(99).nullable();

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
  redList: z.boolean().optional(),
  preferredRank: preferredRank.optional(),
  phone: phone.optional(),
  dematerialisation: z.boolean().optional(),
}).superRefine((box, check) => {
  const holder = checkHolder(box);
  if (!holder.ok) check.addIssue({ code: "custom", path: [holder.field], message: holder.reason });
}).openapi("NewMailbox");
export const mailboxChange = z.strictObject({
  displayName: plainText(0, 128).optional(),
  description: plainText(0, 75).optional(),
  service: plainText(0, 90).optional(),
  responsible: plainText(0, 45).optional(),
  quotaBytes: z.int().min(minQuotaBytes).max(maxQuotaBytes).optional(),
  redList: z.boolean().optional(),
  preferredRank: preferredRank.optional(),
  phone: phone.optional(),
  dematerialisation: z.boolean().optional(),
}).refine((change) => Object.keys(change).length > 0, { error: "changes nothing" }).openapi("MailboxChange");
export const aliasInput = z.strictObject({ address }).openapi("NewAlias");
export const aliasParam = mailboxParam.extend({
  address: z.string().max(254).regex(/^[\x21-\x7e]+$/).openapi({ param: { name: "address", in: "path" } }),
});
export const closingInput = z.strictObject({
  reason: plainText(1, 255),
  confirmAddress: z.string().max(254).openapi({ description: "The mailbox's own address, typed again" }),
}).openapi("MailboxClosing");
export const moveInput = z.strictObject({
  structureId: z.guid().openapi({ format: "uuid", description: "Where it goes" }),
  address: address.openapi({ description: "Its new address, in a domain of that structure" }),
  reason: plainText(1, 255),
}).openapi("MailboxMove");
export const suggestionQuery = z.object({
  domainId: z.guid().openapi({ format: "uuid" }),
  givenName: plainText(1, 100),
  familyName: plainText(1, 100),
});
export const addressSuggestions = z.object({
  addresses: z.array(z.string()),
  isHomonym: z.boolean().openapi({
    description: "Whether somebody of this name has, or had, the plain address",
  }),
}).openapi("AddressSuggestions");
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
  aliases: z.array(z.string()).openapi({
    description: "Further addresses that it receives at and writes from",
  }),
  redList: z.boolean().openapi({ description: "Liste rouge: the directory hides it from public search" }),
  preferredRank: z.int().nullable().openapi({
    description: "Among the holder's boxes; 1 is the preferred one",
  }),
  phone: z.string(),
  dematerialisation: z.boolean().openapi({ description: "Wants documents by mail alone (zéro papier)" }),
  depublishedAt: z.iso.datetime().nullable().openapi({
    description: "Since when nobody opened it and the directory does not show it any more",
  }),
  status,
  suspensionReason: z.string().nullable(),
  closingReason: z.string().nullable(),
  closingAt: z.iso.datetime().nullable(),
  purgeAt: z.iso.datetime().nullable().openapi({ description: "While closing: when its mail is destroyed" }),
  closedAt: z.iso.datetime().nullable(),
  movedTo: z.string().nullable().openapi({
    description: "Address under which its mail lives on in another structure",
  }),
  movedFrom: z.string().nullable().openapi({ description: "Its address in the structure that it came from" }),
  quotaBytes: z.int(),
  usedBytes: z.int().nullable().openapi({ description: "As the mail server said it last" }),
  lastAuthenticatedAt: z.iso.datetime().nullable().openapi({
    description: "When a holder or member last opened it, to the hour",
  }),
  provisioning: z.object({
    status: provisioning,
    reason: z.string().nullable(),
  }).openapi({ description: "Whether the mail server matches this version, and why not" }),
  version: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
}).openapi("Mailbox");
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
    aliases: row.aliases,
    redList: row.red_list,
    preferredRank: row.preferred_rank,
    phone: row.phone,
    dematerialisation: row.dematerialisation,
    depublishedAt: row.depublished_at?.toISOString() ?? null,
    status: row.status,
    suspensionReason: row.suspension_reason,
    closingReason: row.closing_reason,
    closingAt: row.closing_at?.toISOString() ?? null,
    purgeAt: row.purge_at?.toISOString() ?? null,
    closedAt: row.closed_at?.toISOString() ?? null,
    movedTo: row.moved_to_address,
    movedFrom: row.moved_from_address,
    quotaBytes: row.quota_bytes,
    usedBytes: row.used_bytes,
    lastAuthenticatedAt: row.last_authenticated_at?.toISOString() ?? null,
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
