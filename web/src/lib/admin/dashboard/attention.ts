/** What each kind of attention says, and what to do about it. The kinds are the API's: a new one does not compile without. */
import type { Schemas } from "#lib/admin/client/client.ts";
import { m } from "#lib/i18n/generated/messages.js";

export type Attention = Schemas["Attention"];
export type Severity = Attention["severity"];

interface AttentionText {
  readonly title: (input: { count: number }) => string;
  readonly advice: () => string;
}

export const attentionTexts: Readonly<Record<Attention["kind"], AttentionText>> = {
  "mail-server-unavailable": {
    title: m.dash_at_mail_server_unavailable,
    advice: m.dash_do_mail_server_unavailable,
  },
  "sign-in-attack": { title: m.dash_at_sign_in_attack, advice: m.dash_do_sign_in_attack },
  "sign-in-attack-ended": { title: m.dash_at_sign_in_attack_ended, advice: m.dash_do_sign_in_attack_ended },
  "mailbox-provisioning-failed": {
    title: m.dash_at_mailbox_provisioning_failed,
    advice: m.dash_do_mailbox_provisioning_failed,
  },
  "white-list-missing": { title: m.dash_at_white_list_missing, advice: m.dash_do_white_list_missing },
  "mailbox-provisioning-late": {
    title: m.dash_at_mailbox_provisioning_late,
    advice: m.dash_do_mailbox_provisioning_late,
  },
  "domain-provisioning-late": {
    title: m.dash_at_domain_provisioning_late,
    advice: m.dash_do_domain_provisioning_late,
  },
  "cache-unavailable": { title: m.dash_at_cache_unavailable, advice: m.dash_do_cache_unavailable },
  "white-list-stale": { title: m.dash_at_white_list_stale, advice: m.dash_do_white_list_stale },
  "white-list-refused": { title: m.dash_at_white_list_refused, advice: m.dash_do_white_list_refused },
  "structure-without-administrator": {
    title: m.dash_at_structure_without_administrator,
    advice: m.dash_do_structure_without_administrator,
  },
  "structure-without-domain": {
    title: m.dash_at_structure_without_domain,
    advice: m.dash_do_structure_without_domain,
  },
  "structure-without-mailbox": {
    title: m.dash_at_structure_without_mailbox,
    advice: m.dash_do_structure_without_mailbox,
  },
  "charter-not-accepted": {
    title: m.dash_at_charter_not_accepted,
    advice: m.dash_do_charter_not_accepted,
  },
  "mailbox-without-member": {
    title: m.dash_at_mailbox_without_member,
    advice: m.dash_do_mailbox_without_member,
  },
  "quota-mailboxes-nearly-full": {
    title: m.dash_at_quota_mailboxes_nearly_full,
    advice: m.dash_do_quota_mailboxes_nearly_full,
  },
  "quota-bytes-nearly-full": {
    title: m.dash_at_quota_bytes_nearly_full,
    advice: m.dash_do_quota_bytes_nearly_full,
  },
  "service-key-expiring": { title: m.dash_at_service_key_expiring, advice: m.dash_do_service_key_expiring },
  "client-certificate-expiring": {
    title: m.dash_at_client_certificate_expiring,
    advice: m.dash_do_client_certificate_expiring,
  },
  "mailbox-inactive": { title: m.dash_at_mailbox_inactive, advice: m.dash_do_mailbox_inactive },
  "batch-ready": { title: m.dash_at_batch_ready, advice: m.dash_do_batch_ready },
  "invitation-expired": { title: m.dash_at_invitation_expired, advice: m.dash_do_invitation_expired },
  "invitation-pending": { title: m.dash_at_invitation_pending, advice: m.dash_do_invitation_pending },
  "structure-suspended": { title: m.dash_at_structure_suspended, advice: m.dash_do_structure_suspended },
};

export type Attack = Schemas["SignInAttack"];

export const wayTexts: Readonly<Record<Attack["way"], () => string>> = {
  imap: m.dash_way_imap,
  submission: m.dash_way_submission,
  staff: m.dash_way_staff,
  token: m.dash_way_token,
  phone: m.dash_way_phone,
};

export const severityTexts: Readonly<Record<Severity, () => string>> = {
  critical: m.dash_severity_critical,
  warning: m.dash_severity_warning,
  notice: m.dash_severity_notice,
};
