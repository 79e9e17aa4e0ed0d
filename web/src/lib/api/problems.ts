/** Sentences for what the platform refuses, by problem slug (RFC 9457 `type`). The API itself speaks neutral English. */
import { m } from "#lib/i18n/generated/messages.js";

export interface ProblemText {
  readonly text: () => string;
  readonly severity: "error" | "warning";
}

export const problemTexts = {
  "sign-in-required": { text: m.problem_sign_in_required, severity: "warning" },
  "mail-server-unavailable": { text: m.problem_mail_server_unavailable, severity: "warning" },
  "too-many-requests": { text: m.problem_rate_limited, severity: "warning" },
  "invalid-request": { text: m.problem_invalid_request, severity: "error" },
  "forbidden": { text: m.problem_forbidden, severity: "error" },
  "not-found": { text: m.problem_not_found, severity: "error" },
  "version-mismatch": { text: m.problem_version_mismatch, severity: "warning" },
  "structure-not-found": { text: m.problem_structure_not_found, severity: "error" },
  "structure-identifier-taken": { text: m.problem_structure_identifier_taken, severity: "error" },
  "structure-suspended": { text: m.problem_structure_suspended, severity: "warning" },
  "structure-closed": { text: m.problem_structure_closed, severity: "error" },
  "structure-has-open-mailboxes": { text: m.problem_structure_has_open_mailboxes, severity: "warning" },
  "structure-has-children": { text: m.problem_structure_has_children, severity: "warning" },
  "structure-not-reseller": { text: m.problem_structure_not_reseller, severity: "error" },
  "reseller-quota-exceeded": { text: m.problem_reseller_quota_exceeded, severity: "error" },
  "reseller-child-unlimited": { text: m.problem_reseller_child_unlimited, severity: "error" },
  "quota-mailboxes-exceeded": { text: m.problem_quota_mailboxes_exceeded, severity: "error" },
  "quota-bytes-exceeded": { text: m.problem_quota_bytes_exceeded, severity: "error" },
  "quota-below-use": { text: m.problem_quota_below_use, severity: "error" },
  "domain-not-found": { text: m.problem_domain_not_found, severity: "error" },
  "domain-name-taken": { text: m.problem_domain_name_taken, severity: "error" },
  "domain-closed": { text: m.problem_domain_closed, severity: "error" },
  "domain-has-open-mailboxes": { text: m.problem_domain_has_open_mailboxes, severity: "warning" },
  "domain-outside-reseller": { text: m.problem_domain_outside_reseller, severity: "error" },
  "app-passwords-not-allowed": { text: m.problem_app_passwords_not_allowed, severity: "error" },
  "charter-not-found": { text: m.problem_charter_not_found, severity: "error" },
  "charter-outdated": { text: m.problem_charter_outdated, severity: "error" },
  "charter-version-taken": { text: m.problem_charter_version_taken, severity: "error" },
  "export-not-found": { text: m.problem_export_not_found, severity: "error" },
  "export-not-ready": { text: m.problem_export_not_ready, severity: "error" },
  "export-running": { text: m.problem_export_running, severity: "error" },
  "erasure-not-found": { text: m.problem_erasure_not_found, severity: "error" },
  "erasure-open": { text: m.problem_erasure_open, severity: "error" },
  "erasure-ended": { text: m.problem_erasure_ended, severity: "error" },
  "person-not-found": { text: m.problem_person_not_found, severity: "error" },
  "membership-not-found": { text: m.problem_membership_not_found, severity: "error" },
  "last-administrator": { text: m.problem_last_administrator, severity: "warning" },
  "already-member": { text: m.problem_already_member, severity: "warning" },
  "invitation-not-found": { text: m.problem_invitation_not_found, severity: "error" },
  "invitation-closed": { text: m.problem_invitation_closed, severity: "warning" },
  "departure-not-found": { text: m.problem_departure_not_found, severity: "error" },
  "operator-role-not-found": { text: m.problem_operator_role_not_found, severity: "error" },
  "service-account-not-found": { text: m.problem_service_account_not_found, severity: "error" },
  "service-account-name-taken": { text: m.problem_service_account_name_taken, severity: "error" },
  "service-account-revoked": { text: m.problem_service_account_revoked, severity: "error" },
  "service-account-key-not-found": { text: m.problem_service_account_key_not_found, severity: "error" },
  "mailbox-not-found": { text: m.problem_mailbox_not_found, severity: "error" },
  "mailbox-address-taken": { text: m.problem_mailbox_address_taken, severity: "error" },
  "mailbox-domain-foreign": { text: m.problem_mailbox_domain_foreign, severity: "error" },
  "mailbox-closed": { text: m.problem_mailbox_closed, severity: "error" },
  "mailbox-closing": { text: m.problem_mailbox_closing, severity: "warning" },
  "mailbox-moving": { text: m.problem_mailbox_moving, severity: "warning" },
  "mailbox-already-there": { text: m.problem_mailbox_already_there, severity: "warning" },
  "mailbox-holder-fixed": { text: m.problem_mailbox_holder_fixed, severity: "error" },
  "mailbox-read-only": { text: m.problem_mailbox_read_only, severity: "warning" },
  "member-not-found": { text: m.problem_member_not_found, severity: "error" },
  "alias-not-found": { text: m.problem_alias_not_found, severity: "error" },
  "alias-limit-reached": { text: m.problem_alias_limit_reached, severity: "warning" },
  "address-confirmation-wrong": { text: m.problem_address_confirmation_wrong, severity: "warning" },
  "delegation-not-found": { text: m.problem_delegation_not_found, severity: "error" },
  "delegation-exists": { text: m.problem_delegation_exists, severity: "warning" },
  "delegation-of-own-mailbox": { text: m.problem_delegation_of_own_mailbox, severity: "warning" },
  "delegation-to-oneself": { text: m.problem_delegation_to_oneself, severity: "error" },
  "delegation-beyond-own": { text: m.problem_delegation_beyond_own, severity: "error" },
  "internal-error": { text: m.problem_internal_error, severity: "error" },
} as const satisfies Record<string, ProblemText>;

export type ProblemSlug = keyof typeof problemTexts;

/** The sentence of a slug; one without a sentence of its own is an unexpected error. */
export function problemText(slug: string): ProblemText {
  return slug in problemTexts ? problemTexts[slug as ProblemSlug] : problemTexts["internal-error"];
}
