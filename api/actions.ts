/**
 * Everything that can be done here, as `entity.verb`: one closed list for the policy table (api/identity/policy.ts), the
 * audit trail, metrics and tests. A new act is added here first.
 */
export const actions = [
  "structure.create",
  "structure.read",
  "structure.list",
  "structure.suspend",
  "structure.resume",
  "domain.create",
  "domain.read",
  "mailbox.create",
  "mailbox.read",
  "mailbox.change",
  "mailbox.suspend",
  "mailbox.resume",
  "mailbox.provision",
  "mailbox.set-client-secret",
  "mailbox-member.add",
  "mailbox-member.remove",
  "mailbox-member.read",
  "membership.grant",
  "membership.revoke",
  "membership.read",
  "operator-role.grant",
  "operator-role.revoke",
  "audit.read",
  "dashboard.read",
  "dashboard.read-platform",
  "person.create",
  "person.update",
  "session.start",
  "session.refuse",
  "session.end",
  "white-list.import",
  "white-list.refuse",
  "white-list.read",
  "recipient.check",
] as const;

export type Action = (typeof actions)[number];
