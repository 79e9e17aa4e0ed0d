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
  readonly hiddenAs?: "structure-not-found" | "mailbox-not-found" | "person-not-found";
}

/** The table: every action of api/actions.ts, and so every act that the audit can name. */
export const policy = {
  "structure.list": { roles: operatorReaders },
  "structure.create": { roles: operator },
  "structure.read": { roles: [...operatorReaders, ...anyMember], hiddenAs: "structure-not-found" },
  "structure.suspend": { roles: operator, sees: "structure.read", hiddenAs: "structure-not-found" },
  "structure.resume": { roles: operator, sees: "structure.read", hiddenAs: "structure-not-found" },

  "domain.read": { roles: mailboxReaders, sees: "structure.read", hiddenAs: "structure-not-found" },
  "domain.create": { roles: operator, sees: "structure.read", hiddenAs: "structure-not-found" },

  "mailbox.read": { roles: mailboxReaders, hiddenAs: "mailbox-not-found" },
  "mailbox.create": { roles: mailboxWriters, sees: "structure.read", hiddenAs: "structure-not-found" },
  "mailbox.change": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox.suspend": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox.resume": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox.provision": { roles: platformOnly, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox.set-client-secret": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox-member.read": { roles: mailboxReaders, hiddenAs: "mailbox-not-found" },
  "mailbox-member.add": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },
  "mailbox-member.remove": { roles: mailboxWriters, sees: "mailbox.read", hiddenAs: "mailbox-not-found" },

  "membership.read": { roles: mailboxReaders, sees: "structure.read", hiddenAs: "structure-not-found" },
  "membership.grant": { roles: structureWriters, sees: "structure.read", hiddenAs: "structure-not-found" },
  "membership.revoke": { roles: structureWriters, sees: "structure.read", hiddenAs: "structure-not-found" },
  "operator-role.grant": { roles: operator },
  "operator-role.revoke": { roles: operator },

  "person.create": { roles: platformOnly },
  "person.update": { roles: platformOnly },
  "session.start": { roles: platformOnly },
  "session.refuse": { roles: platformOnly },
  "session.end": { roles: operator, hiddenAs: "person-not-found" },

  "audit.read": {
    roles: ["operator_administrator", "auditor", "structure_administrator"],
    sees: "structure.read",
    hiddenAs: "structure-not-found",
  },
  "dashboard.read": { roles: mailboxReaders, sees: "structure.read", hiddenAs: "structure-not-found" },
  "dashboard.read-platform": { roles: operatorReaders },
  "white-list.read": { roles: operatorReaders },
  "white-list.import": { roles: operator },
  "white-list.refuse": { roles: platformOnly },
  // Whoever has signed in may ask whether an address can be written to: no role is needed, see `may`.
  "recipient.check": { roles, isForEverybody: true },
} as const satisfies Record<Action, Rule>;

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
