/** Accounts given, given anew, changed and closed by an administrator of the operator, or by the command of the first one. */
import { recordAudit } from "../audit/mod.ts";
import type { Context, OperatorRole } from "../context.ts";
import { inOperator, type Tx } from "../database/in-tenant.ts";
import { onUnique } from "../database/unique.ts";
import {
  authorise,
  displayNameOf,
  type EndedSessionRow,
  endSessionsIn,
  hashToken,
  randomToken,
  requireRecentFactor,
} from "../identity/mod.ts";
import {
  deleteOperatorRole,
  insertOperatorRole,
  isLastOperatorAdministrator,
  lockOperatorRoles,
} from "../people/mod.ts";
import { problem } from "../problems.ts";
import {
  type AccountRow,
  findAccountForUpdate,
  getListedAccount,
  insertAccount,
  insertEnrolment,
  insertStaffPerson,
  type ListedAccountRow,
  listOpenSessions,
  removeAllFactors,
} from "./queries.ts";

/** How long a link can be used. */
export const enrolmentSeconds = 3_600;

export interface Invited {
  readonly account: ListedAccountRow;
  /** The link's secret, told this once and stored nowhere. */
  readonly link: string;
}

export interface NewStaff {
  readonly login: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly roles: readonly OperatorRole[];
}

/**
 * Makes an account with its roles, and the link by which its person sets it up.
 *
 * @throws problem "staff-login-taken" · "factor-required"
 */
export async function inviteStaff(ctx: Context, input: NewStaff): Promise<Invited> {
  authorise(ctx, "staff.create");
  const login = input.login.toLowerCase();
  return await inOperator(ctx, async (tx) => {
    await requireRecentFactor(tx, ctx);
    const personId = await insertStaffPerson(tx, input, ctx.now());
    await onUnique(
      "staff_accounts__login",
      () => problem("staff-login-taken", { login }),
      () => insertAccount(tx, personId, login, ctx.now()),
    );
    for (const role of new Set(input.roles)) await insertOperatorRole(tx, personId, role, ctx.now());
    const link = await giveLink(tx, ctx, personId);
    const account = await getListedAccount(tx, personId);
    await recordAudit(tx, ctx, {
      action: "staff.create",
      subject: { kind: "person", id: personId },
      after: {
        personId,
        login,
        displayName: displayNameOf(input.givenName, input.familyName),
        roles: account.roles,
      },
    });
    return { account, link };
  });
}

/**
 * After a factor was lost: every factor of the account is void and its sessions end, at once; a new link sets it up anew.
 *
 * @throws problem "staff-own-account" · "staff-account-closed" · "last-administrator" · "factor-required"
 */
export async function resetStaff(
  ctx: Context,
  { personId, reason }: { readonly personId: string; readonly reason: string },
): Promise<Invited & { readonly ended: readonly EndedSessionRow[] }> {
  authorise(ctx, "staff.reset");
  return await inOperator(ctx, async (tx) => {
    const { login } = await getAccount(tx, ctx, personId, { own: false });
    // Of two administrators who reset each other, the second is refused. The command stands above: it lets the last one back in.
    if (ctx.actor.kind === "person") await requireOther(tx, personId);
    await removeAllFactors(tx, personId, "invited", ctx.now());
    const link = await giveLink(tx, ctx, personId);
    const ended = await endSessionsIn(tx, ctx, { personId }, "factors-reset");
    await recordAudit(tx, ctx, {
      action: "staff.reset",
      subject: { kind: "person", id: personId },
      after: { personId, login },
      reason,
    });
    return { account: await getListedAccount(tx, personId), link, ended };
  });
}

/**
 * Ends an account for good: its factors, its roles and its sessions. Repeating it changes nothing.
 *
 * @throws problem "staff-own-account" · "last-administrator" · "factor-required"
 */
export async function closeStaff(ctx: Context, personId: string): Promise<readonly EndedSessionRow[]> {
  authorise(ctx, "staff.close");
  return await inOperator(ctx, async (tx) => {
    const account = await getAccount(tx, ctx, personId, { own: false, closed: true });
    if (account.status === "closed") return [];
    await requireOther(tx, personId);
    const { roles } = await getListedAccount(tx, personId);
    for (const role of roles) await deleteOperatorRole(tx, personId, role);
    await removeAllFactors(tx, personId, "closed", ctx.now());
    const ended = await endSessionsIn(tx, ctx, { personId }, "departed");
    await recordAudit(tx, ctx, {
      action: "staff.close",
      subject: { kind: "person", id: personId },
      before: { personId, login: account.login, roles },
    });
    return ended;
  });
}

/**
 * Gives an account these roles in the place of those it had, and at least one: an account without any is closed. In force at the
 * person's next request (a second at most, in every process). The same roles again change nothing.
 *
 * @throws problem "staff-account-closed" · "last-administrator" · "factor-required"
 */
export async function changeStaffRoles(
  ctx: Context,
  { personId, roles }: { readonly personId: string; readonly roles: readonly OperatorRole[] },
): Promise<{ readonly account: ListedAccountRow; readonly sessions: readonly Uint8Array[] }> {
  authorise(ctx, "staff.change-roles");
  return await inOperator(ctx, async (tx) => {
    const { login } = await getAccount(tx, ctx, personId);
    const { roles: before } = await getListedAccount(tx, personId);
    const given = roles.filter((role) => !before.includes(role));
    const taken = before.filter((role) => !roles.includes(role));
    if (taken.includes("operator_administrator")) await requireOther(tx, personId);
    for (const role of new Set(given)) await insertOperatorRole(tx, personId, role, ctx.now());
    for (const role of taken) await deleteOperatorRole(tx, personId, role);
    const account = await getListedAccount(tx, personId);
    if (given.length === 0 && taken.length === 0) return { account, sessions: [] };
    await recordAudit(tx, ctx, {
      action: "staff.change-roles",
      subject: { kind: "person", id: personId },
      before: { personId, login, roles: before },
      after: { personId, login, roles: account.roles },
    });
    return { account, sessions: await listOpenSessions(tx, personId) };
  });
}

/** An account, locked with the roles: who administers is settled by one at a time. */
async function getAccount(
  tx: Tx,
  ctx: Context,
  personId: string,
  { own = true, closed = false } = {},
): Promise<AccountRow> {
  await lockOperatorRoles(tx);
  const account = await findAccountForUpdate(tx, personId);
  if (account === undefined) throw problem("person-not-found");
  const isOwn = ctx.actor.kind === "person" && ctx.actor.personId === personId;
  if (isOwn && !own) throw problem("staff-own-account");
  await requireRecentFactor(tx, ctx);
  if (account.status === "closed" && !closed) throw problem("staff-account-closed");
  return account;
}

async function requireOther(tx: Tx, personId: string): Promise<void> {
  if (await isLastOperatorAdministrator(tx, personId)) throw problem("last-administrator");
}

async function giveLink(tx: Tx, ctx: Context, personId: string): Promise<string> {
  const link = randomToken();
  const now = ctx.now();
  await insertEnrolment(tx, {
    person_id: personId,
    token_hash: hashToken(link),
    created_at: now,
    expires_at: new Date(now.getTime() + enrolmentSeconds * 1_000),
  });
  return link;
}
