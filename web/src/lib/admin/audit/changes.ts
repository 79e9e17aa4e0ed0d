/** What an act changed, field by field, from the two snapshots that the trail keeps. */
import { m } from "#lib/i18n/generated/messages.js";
import { fileSize, longDate } from "#lib/i18n/format.ts";
import { roleText } from "../people/roles.ts";
import { stateOf } from "../ui/states.ts";

export interface Change {
  readonly field: string;
  readonly label: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

type Snapshot = Readonly<Record<string, unknown>> | null;

/** Said once elsewhere, or of no use to a reader. */
const silent = new Set(["id", "version", "structureId", "domainId", "mailboxId", "personId"]);

const labels: Readonly<Record<string, () => string>> = {
  name: m.field_name,
  idNatStruct: m.field_id_nat_struct,
  idNatPs: m.field_id_nat_ps,
  holderIdNatPs: m.field_holder_id_nat_ps,
  address: m.field_address,
  aliases: m.field_aliases,
  type: m.field_type,
  displayName: m.field_display_name,
  description: m.field_description,
  service: m.field_service,
  responsible: m.field_responsible,
  phone: m.field_phone,
  redList: m.field_red_list,
  preferredRank: m.field_preferred_rank,
  dematerialisation: m.field_dematerialisation,
  quotaBytes: m.field_quota_bytes,
  quotaMailboxes: m.field_quota_mailboxes,
  status: m.field_status,
  suspensionReason: m.field_suspension_reason,
  role: m.field_role,
  rights: m.field_rights,
  startsAt: m.field_starts_at,
  endsAt: m.field_ends_at,
  expiresAt: m.field_expires_at,
  roles: m.field_roles,
  login: m.field_login,
  network: m.field_network,
  clientId: m.oauth_client_id,
  redirectUris: m.oauth_addresses,
  subject: m.oauth_subject,
  issuer: m.oauth_issuer,
  certificateExpiresAt: m.oauth_certificate_until,
  count: m.field_count,
  acr: m.field_acr,
  amr: m.field_amr,
  factor: m.field_factor,
  endReason: m.field_end_reason,
  reason: m.field_reason,
  generatedAt: m.field_generated_at,
  domainCount: m.field_domain_count,
  entryCount: m.field_entry_count,
  signer: m.field_signer,
  scopes: m.field_scopes,
  url: m.field_url,
  events: m.field_events,
  hasClientSecret: m.field_has_client_secret,
};

/** Factors of the staff's accounts, one or several (`pwd+otp`). */
const factors: Readonly<Record<string, () => string>> = {
  pwd: m.factor_password,
  password: m.factor_password,
  otp: m.factor_otp,
  recovery: m.factor_recovery,
  passkey: m.factor_passkey,
  link: m.factor_link,
};

/** The fields whose value differs; all that are known when there was nothing before or is nothing after. */
export function listChanges(before: Snapshot, after: Snapshot): readonly Change[] {
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...fields].filter((field) => !silent.has(field)).flatMap((field) => {
    const [one, other] = [before?.[field], after?.[field]];
    if (before !== null && after !== null && JSON.stringify(one) === JSON.stringify(other)) return [];
    const value = (snapshot: Snapshot, it: unknown) => snapshot === null ? undefined : valueText(field, it);
    return [{ field, label: fieldText(field), before: value(before, one), after: value(after, other) }];
  });
}

export function fieldText(field: string): string {
  return labels[field]?.() ?? field;
}

/** A value as a person reads it. */
export function valueText(field: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return m.audit_value_empty();
  if (typeof value === "boolean") return value ? m.audit_value_yes() : m.audit_value_no();
  if (field.endsWith("Bytes") && !Number.isNaN(Number(value))) return fileSize(Number(value));
  if (field.endsWith("At") && typeof value === "string" && !Number.isNaN(Date.parse(value))) {
    return longDate(value);
  }
  if (field === "status") return stateOf(String(value)).text;
  if (field === "amr" || field === "factor") {
    return String(value).split("+").map((one) => factors[one]?.() ?? one).join(" + ");
  }
  if (field === "roles" && Array.isArray(value)) return value.map((one) => roleText(String(one))).join(", ");
  if (field === "role") return roleText(String(value));
  if (Array.isArray(value)) {
    return value.length === 0 ? m.audit_value_empty() : value.map((one) => valueText("", one)).join(", ");
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
