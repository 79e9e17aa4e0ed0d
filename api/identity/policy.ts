/**
 * Who may do what: one table, action × role. Nothing else in the platform decides on rights, but for who opens which
 * mailbox, which is a fact of the database (listOpenableMailboxes), not of a role.
 *
 * An operator's role holds in every structure; the others hold in the structure of the membership and nowhere else.
 */
import type { Action } from "../actions.ts";
import type { Actor, Context, OperatorRole, StructureRole } from "../context.ts";
import { problem } from "../problems.ts";

export type Role = OperatorRole | StructureRole;

export const roles = [
  "operator_administrator",
  "operator_support",
  "auditor",
  "structure_administrator",
  "domain_administrator",
  "mailbox_manager",
  "user",
] as const satisfies readonly Role[];

const operator = ["operator_administrator"] as const;
const operatorReaders = ["operator_administrator", "operator_support", "auditor"] as const;
const anyMember = ["structure_administrator", "domain_administrator", "mailbox_manager", "user"] as const;
const structureWriters = ["operator_administrator", "structure_administrator"] as const;
const domainWriters = [...structureWriters, "domain_administrator"] as const;
const mailboxWriters = [...domainWriters, "mailbox_manager"] as const;
const mailboxReaders = [...mailboxWriters, "operator_support", "auditor"] as const;
/** What no role is given: the platform does it itself (sign-in, jobs), and the audit names it. */
const platformOnly = [] as const;

interface Rule {
  /** Open to everybody who has signed in, with or without a role. */
  readonly isForEverybody?: boolean;
  readonly roles: readonly Role[];
  /** Who may do this one sees the subject, and is told 403 rather than 404. */
  readonly sees?: Action;
  /** What is answered to who may not even see the subject: the same as for one that does not exist. */
  readonly hiddenAs?:
    | "structure-not-found"
    | "mailbox-not-found"
    | "person-not-found"
    | "batch-not-found"
    | "erasure-not-found"
    | "oauth-client-not-found";
  /** Never a scope of a service account: it gives rights to others, or a way to the content of mail. */
  readonly isForPeople?: boolean;
}

/** What concerns the rights of software in a structure. */
const softwareRight = {
  roles: structureWriters,
  sees: "structure.read",
  hiddenAs: "structure-not-found",
  isForPeople: true,
} as const satisfies Rule;

/** What concerns a program or software that may act for people. */
const oauthClientRight = {
  roles: operator,
  sees: "oauth-client.read",
  hiddenAs: "oauth-client-not-found",
} as const satisfies Rule;

/** The table: every action of api/actions.ts, and so every act that the audit can name. */
export const policy = {
  "structure.list": { roles: operatorReaders },
  "structure.create": { roles: operator },
  "structure.read": { roles: [...operatorReaders, ...anyMember], hiddenAs: "structure-not-found" },
  "structure.suspend": { roles: operator, sees: "structure.read", hiddenAs: "structure-not-found" },
  "structure.resume": { roles: operator, sees: "structure.read", hiddenAs: "structure-not-found" },
  "structure.change": { roles: structureWriters, sees: "structure.read", hiddenAs: "structure-not-found" },
  // Its name, its quotas; being a reseller.
  "structure.administer": { roles: operator, sees: "structure.read", hiddenAs: "structure-not-found" },
  // On the reseller: to open structures under it, and to do to them what else the operator alone does.
  "structure.administer-child": {
    roles: structureWriters,
    sees: "structure.read",
    hiddenAs: "structure-not-found",
  },
  "structure.close": { roles: operator, sees: "structure.read", hiddenAs: "structure-not-found" },

  "domain.read": { roles: mailboxReaders, sees: "structure.read", hiddenAs: "structure-not-found" },
  "domain.create": { roles: operator, sees: "structure.read", hiddenAs: "structure-not-found" },
  "domain.suspend": { roles: operator, sees: "structure.read", hiddenAs: "structure-not-found" },
  "domain.resume": { roles: operator, sees: "structure.read", hiddenAs: "structure-not-found" },
  "domain.close": { roles: operator, sees: "structure.read", hiddenAs: "structure-not-found" },

  "mailbox.read": { roles: mailboxReaders, hiddenAs: "mailbox-not-found" },
  "mailbox.create": { roles: mailboxWriters, sees: "structure.read", hiddenAs: "structure-not-found" },
  "mailbox.change": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox.suspend": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox.resume": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox.close": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox.reopen": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox.purge": { roles: platformOnly, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  // In both structures: `mailbox.create` is asked of the one that the box goes to.
  "mailbox.move": { roles: domainWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox-alias.add": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox-alias.remove": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  // The holder of a box and who manages it by delegation may too (api/mailboxes/locate.ts).
  "mailbox-delegation.read": { roles: mailboxReaders, hiddenAs: "mailbox-not-found" },
  "mailbox-delegation.grant": {
    roles: mailboxWriters,
    sees: "mailbox.read",
    hiddenAs: "mailbox-not-found",
    isForPeople: true,
  },
  "mailbox-delegation.change": {
    roles: mailboxWriters,
    sees: "mailbox.read",
    hiddenAs: "mailbox-not-found",
    isForPeople: true,
  },
  "mailbox-delegation.revoke": {
    roles: mailboxWriters,
    sees: "mailbox.read",
    hiddenAs: "mailbox-not-found",
    isForPeople: true,
  },
  "mailbox.provision": { roles: platformOnly, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  // Whoever opens the box to read and write has his own (api/client-access): a role gives none, since it would be
  // the way to the content of mail.
  "app-password.read": { roles: mailboxReaders, hiddenAs: "mailbox-not-found" },
  "app-password.create": { roles, isForEverybody: true },
  "app-password.revoke": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "app-password.revoke-many": {
    roles: mailboxWriters,
    sees: "structure.read",
    hiddenAs: "structure-not-found",
  },
  "app-password.remind": { roles: platformOnly },
  "client-certificate.remind": { roles: platformOnly },
  "client-certificate.read": {
    roles: mailboxReaders,
    sees: "structure.read",
    hiddenAs: "structure-not-found",
  },
  "client-certificate.create": {
    roles: structureWriters,
    sees: "structure.read",
    hiddenAs: "structure-not-found",
    isForPeople: true,
  },
  "client-certificate.change": {
    roles: structureWriters,
    sees: "structure.read",
    hiddenAs: "structure-not-found",
    isForPeople: true,
  },
  "client-certificate.withdraw": {
    roles: structureWriters,
    sees: "structure.read",
    hiddenAs: "structure-not-found",
    isForPeople: true,
  },
  "edge.sign-in": { roles: platformOnly },
  "edge.refuse": { roles: platformOnly },
  "mailbox-member.read": { roles: mailboxReaders, hiddenAs: "mailbox-not-found" },
  "mailbox-member.add": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox-member.remove": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },

  "membership.read": { roles: mailboxReaders, sees: "structure.read", hiddenAs: "structure-not-found" },
  "membership.grant": {
    roles: structureWriters,
    sees: "structure.read",
    hiddenAs: "structure-not-found",
    isForPeople: true,
  },
  "membership.revoke": { roles: structureWriters, sees: "structure.read", hiddenAs: "structure-not-found" },
  "operator-role.read": { roles: operatorReaders },
  "operator-role.grant": { roles: operator },
  "operator-role.revoke": { roles: operator, sees: "operator-role.read", hiddenAs: "person-not-found" },
  "invitation.read": { roles: mailboxReaders, sees: "structure.read", hiddenAs: "structure-not-found" },
  "invitation.create": {
    roles: structureWriters,
    sees: "structure.read",
    hiddenAs: "structure-not-found",
    isForPeople: true,
  },
  "invitation.revoke": { roles: structureWriters, sees: "structure.read", hiddenAs: "structure-not-found" },
  "invitation.accept": { roles: platformOnly },

  "service-account.read": {
    roles: [...structureWriters, "auditor"],
    sees: "structure.read",
    hiddenAs: "structure-not-found",
    isForPeople: true,
  },
  "service-account.create": softwareRight,
  "service-account.change": softwareRight,
  "service-account.revoke": softwareRight,
  "service-account-key.create": softwareRight,
  "service-account-key.revoke": softwareRight,

  "person.list": { roles: operatorReaders },
  "person.read": { roles: mailboxReaders, sees: "structure.read", hiddenAs: "structure-not-found" },
  "person.end-sessions": { roles: structureWriters, sees: "structure.read", hiddenAs: "structure-not-found" },
  "person.depart": { roles: structureWriters, sees: "structure.read", hiddenAs: "structure-not-found" },
  "person.cancel-departure": {
    roles: structureWriters,
    sees: "structure.read",
    hiddenAs: "structure-not-found",
  },
  "person.create": { roles: platformOnly },
  "person.update": { roles: platformOnly },
  "session.start": { roles: platformOnly },
  "session.refuse": { roles: platformOnly },
  "session.end": { roles: operator, hiddenAs: "person-not-found" },
  "sign-in-attack.detect": { roles: platformOnly },
  "session.step-up": { roles: platformOnly },
  "session.choose-situation": { roles: platformOnly },
  // The operator's own accounts (api/staff). What concerns one's own factors needs no role, and one's account.
  "oauth-client.list": { roles: operatorReaders },
  "oauth-client.read": { roles: operatorReaders, hiddenAs: "oauth-client-not-found" },
  "oauth-client.create": { roles: operator },
  "oauth-client.change": oauthClientRight,
  "oauth-client.certify": oauthClientRight,
  "oauth-client.suspend": oauthClientRight,
  "oauth-client.resume": oauthClientRight,
  "oauth-client.withdraw": oauthClientRight,
  "oauth.authorise": { roles: platformOnly },
  "oauth.issue": { roles: platformOnly },
  "oauth.refuse": { roles: platformOnly },
  "oauth.revoke": { roles: platformOnly },
  "staff.read": { roles: operatorReaders },
  "staff.create": { roles: operator },
  "staff.change-roles": { roles: operator, sees: "staff.read", hiddenAs: "person-not-found" },
  "staff.reset": { roles: operator, sees: "staff.read", hiddenAs: "person-not-found" },
  "staff.close": { roles: operator, sees: "staff.read", hiddenAs: "person-not-found" },
  "staff.enrol": { roles: platformOnly },
  "staff-factor.set": { roles: platformOnly },
  "staff-factor.remove": { roles: platformOnly },

  "audit.read": {
    roles: ["operator_administrator", "auditor", "structure_administrator"],
    sees: "structure.read",
    hiddenAs: "structure-not-found",
  },
  "audit.read-platform": { roles: ["operator_administrator", "auditor"] },
  // The gateway records it: who opens which box is a fact of the database.
  "mailbox.open": { roles: platformOnly, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  // The holder of a box and who manages it by delegation may too (api/mailboxes/locate.ts).
  "mailbox-opening.read": {
    roles: [...mailboxWriters, "auditor"],
    sees: "mailbox.read",
    hiddenAs: "mailbox-not-found",
  },
  "webhook.read": {
    roles: [...structureWriters, "auditor"],
    sees: "structure.read",
    hiddenAs: "structure-not-found",
  },
  "webhook.create": softwareRight,
  "webhook.change": softwareRight,
  "webhook.delete": softwareRight,
  "webhook.rotate-secret": softwareRight,
  "webhook.test": softwareRight,
  "webhook.disable": { roles: platformOnly },
  "dashboard.read": { roles: mailboxReaders, sees: "structure.read", hiddenAs: "structure-not-found" },
  "dashboard.read-platform": { roles: operatorReaders },
  "white-list.read": { roles: operatorReaders },
  "white-list.import": { roles: operator },
  "white-list.refuse": { roles: platformOnly },
  // Whoever has signed in may ask whether an address can be written to: no role is needed, see `may`.
  "batch.read": { roles: mailboxReaders, hiddenAs: "batch-not-found" },
  "batch.create": { roles: mailboxWriters, sees: "structure.read", hiddenAs: "structure-not-found" },
  "batch.correct": { roles: mailboxWriters, sees: "batch.read", hiddenAs: "batch-not-found" },
  "batch.check": { roles: mailboxWriters, sees: "batch.read", hiddenAs: "batch-not-found" },
  "batch.run": { roles: mailboxWriters, sees: "batch.read", hiddenAs: "batch-not-found" },
  "batch.undo": { roles: mailboxWriters, sees: "batch.read", hiddenAs: "batch-not-found" },
  "batch.abandon": { roles: mailboxWriters, sees: "batch.read", hiddenAs: "batch-not-found" },
  "inactivity.read": { roles: mailboxReaders, sees: "structure.read", hiddenAs: "structure-not-found" },
  "inactivity.change-settings": {
    roles: structureWriters,
    sees: "structure.read",
    hiddenAs: "structure-not-found",
  },
  "inactivity.start": { roles: structureWriters, sees: "structure.read", hiddenAs: "structure-not-found" },
  "inactivity.cancel": { roles: structureWriters, sees: "structure.read", hiddenAs: "structure-not-found" },
  "inactivity.notice": { roles: platformOnly },
  "inactivity.depublish": { roles: platformOnly },
  // The holder's own word, whatever his roles: who opens the box is a fact of the database (api/inactivity/object.ts).
  "inactivity.object": { roles, isForEverybody: true },
  "recipient.check": { roles, isForEverybody: true },

  "charter.read-all": { roles: operatorReaders },
  "charter.publish": { roles: operator },
  // What a person does with his own data needs no role.
  "charter.accept": { roles, isForEverybody: true },
  "consent.decide": { roles, isForEverybody: true },
  "export.request-own": { roles, isForEverybody: true },
  "export.fetch": { roles, isForEverybody: true },
  // The mail of a box is content: who runs the structure may take it out, the operator's support may not.
  "export.request-mailbox": {
    roles: ["structure_administrator"],
    sees: "mailbox.read",
    hiddenAs: "mailbox-not-found",
    isForPeople: true,
  },
  "export.make": { roles: platformOnly },
  "erasure.list": { roles: ["operator_administrator", "auditor"] },
  "erasure.read": { roles: ["operator_administrator", "auditor"], hiddenAs: "erasure-not-found" },
  "erasure.plan": { roles: operator },
  "erasure.cancel": { roles: operator, sees: "erasure.read", hiddenAs: "erasure-not-found" },
  "erasure.run": { roles: platformOnly },
  "processing-register.read": { roles: ["operator_administrator", "auditor", "structure_administrator"] },
} as const satisfies Record<Action, Rule>;

/**
 * What a service account may be given: what a structure's administrator may do for his structure, but for giving rights
 * and for what opens the way to the content of mail.
 */
export const serviceScopes: readonly Action[] = (Object.entries(policy) as [Action, Rule][])
  .filter(([action, rule]) =>
    rule.roles.includes("structure_administrator") && rule.isForPeople !== true &&
    // What is everybody's own affair is no software's.
    (rule.isForEverybody !== true || action === "recipient.check")
  )
  .map(([action]) => action);

/** What an action is about. Without a structure only the operator's roles count. */
export interface PolicySubject {
  readonly structureId?: string | undefined;
}

/** The roles this actor holds over this subject. */
export function rolesOver(actor: Actor, subject: PolicySubject): readonly Role[] {
  if (actor.kind !== "person") return [];
  const inStructure = actor.memberships.filter((one) => one.structureId === subject.structureId).map((one) =>
    one.role
  );
  return [...actor.operatorRoles, ...inStructure];
}

/** Whether the actor may. The platform's own jobs may do everything. */
export function may(actor: Actor, action: Action, subject: PolicySubject = {}): boolean {
  if (actor.kind === "system") return true;
  const rule: Rule = policy[action];
  if (actor.kind === "service") {
    const isOwn = actor.structureId === subject.structureId;
    // Whoever acts in a structure sees that it is there.
    if (action === "structure.read") return isOwn;
    return actor.scopes.includes(action) && (isOwn || rule.isForEverybody === true);
  }
  if (rule.isForEverybody && actor.kind === "person") return true;
  return rolesOver(actor, subject).some((role) => rule.roles.includes(role));
}

/**
 * Passes or throws. Existence is not revealed: who may not see the subject gets the 404 of a missing one.
 *
 * @throws problem "sign-in-required" (nobody is signed in) · "forbidden" (sees it, may not) · the rule's 404
 */
export function authorise(ctx: Pick<Context, "actor">, action: Action, subject: PolicySubject = {}): void {
  if (may(ctx.actor, action, subject)) return;
  if (ctx.actor.kind === "anonymous") throw problem("sign-in-required");
  const rule: Rule = policy[action];
  const isSeen = rule.sees !== undefined && may(ctx.actor, rule.sees, subject);
  throw rule.hiddenAs === undefined || isSeen ? problem("forbidden", { action }) : problem(rule.hiddenAs);
}

/**
 * As `authorise`, but that whoever administers the structure's reseller may do it too: for what the operator does to a
 * structure and a reseller to its children.
 */
export function authoriseOverChild(
  ctx: Pick<Context, "actor">,
  action: Action,
  subject: { readonly structureId: string },
): void {
  const resellerId = resellerOf(ctx.actor, subject.structureId);
  if (resellerId !== undefined && may(ctx.actor, "structure.administer-child", { structureId: resellerId })) {
    return;
  }
  authorise(ctx, action, subject);
}

/** The reseller through which the actor administers this structure, if that is how he does. */
export function resellerOf(actor: Actor, structureId: string): string | undefined {
  if (actor.kind !== "person") return undefined;
  return actor.memberships.find((one) => one.structureId === structureId && one.through !== undefined)
    ?.through;
}
