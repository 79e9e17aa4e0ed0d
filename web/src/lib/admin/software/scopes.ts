/** What a software account may be allowed, in words, in two groups: reading and acting. */
import { m } from "#lib/i18n/generated/messages.js";
import { actionText } from "../audit/action-texts.ts";
import type { Schemas } from "../client/client.ts";

export type Scope = Schemas["NewServiceAccount"]["scopes"][number];

/** The acts that the trail has no name for, since they leave no row, and so are named here. */
const texts: Readonly<Partial<Record<Scope, () => string>>> = {
  "structure.read": m.scope_structure_read,
  "structure.administer-child": m.scope_structure_administer_child,
  "domain.read": m.scope_domain_read,
  "mailbox.read": m.scope_mailbox_read,
  "mailbox-delegation.read": m.scope_mailbox_delegation_read,
  "mailbox-member.read": m.scope_mailbox_member_read,
  "membership.read": m.scope_membership_read,
  "invitation.read": m.scope_invitation_read,
  "person.read": m.scope_person_read,
  "audit.read": m.scope_audit_read,
  "dashboard.read": m.scope_dashboard_read,
  "batch.read": m.scope_batch_read,
  "batch.check": m.scope_batch_check,
  "inactivity.read": m.scope_inactivity_read,
  "recipient.check": m.scope_recipient_check,
  "processing-register.read": m.scope_processing_register_read,
  "mailbox-opening.read": m.scope_mailbox_opening_read,
  "webhook.read": m.scope_webhook_read,
  "app-password.read": m.scope_app_password_read,
  "client-certificate.read": m.scope_client_certificate_read,
};

/** All that can be ticked; a test says when the API has one more. */
const known: Readonly<Partial<Record<Scope, "read" | "write">>> = {
  "structure.read": "read",
  "domain.read": "read",
  "mailbox.read": "read",
  "mailbox-delegation.read": "read",
  "mailbox-member.read": "read",
  "membership.read": "read",
  "invitation.read": "read",
  "person.read": "read",
  "audit.read": "read",
  "dashboard.read": "read",
  "batch.read": "read",
  "inactivity.read": "read",
  "recipient.check": "read",
  "processing-register.read": "read",
  "mailbox-opening.read": "read",
  "webhook.read": "read",
  "app-password.read": "read",
  "client-certificate.read": "read",
  "structure.change": "write",
  "structure.administer-child": "write",
  "mailbox.create": "write",
  "mailbox.change": "write",
  "mailbox.suspend": "write",
  "mailbox.resume": "write",
  "mailbox.close": "write",
  "mailbox.reopen": "write",
  "mailbox.move": "write",
  "mailbox-alias.add": "write",
  "mailbox-alias.remove": "write",
  "mailbox-member.add": "write",
  "mailbox-member.remove": "write",
  "app-password.revoke": "write",
  "app-password.revoke-many": "write",
  "membership.revoke": "write",
  "invitation.revoke": "write",
  "person.end-sessions": "write",
  "person.depart": "write",
  "person.cancel-departure": "write",
  "batch.create": "write",
  "batch.correct": "write",
  "batch.check": "write",
  "batch.run": "write",
  "batch.undo": "write",
  "batch.abandon": "write",
  "inactivity.change-settings": "write",
  "inactivity.start": "write",
  "inactivity.cancel": "write",
};

export function scopeText(scope: string): string {
  return texts[scope as Scope]?.() ?? actionText(scope);
}

export function listScopes(kind: "read" | "write"): readonly Scope[] {
  return (Object.keys(known) as Scope[]).filter((scope) => known[scope] === kind);
}
