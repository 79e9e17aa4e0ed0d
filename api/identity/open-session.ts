/**
 * From what the provider proved to a session, whichever way the person was asked: the person and the session are made in
 * one transaction with their audit.
 */
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inSystem, type Tx } from "../database/in-tenant.ts";
import { type ActingPerson, asPerson } from "./acting-person.ts";
import { acceptInvitations } from "./accept-invitations.ts";
import type { IdentityProvider } from "./identity-provider.ts";
import { parseUserinfo, type ProviderIdentity } from "./parse-userinfo.ts";
import {
  findPersonByAccount,
  findPersonByIdNat,
  insertPerson,
  type PersonRow,
  updatePerson,
} from "./queries.ts";
import { SignInRefused } from "./refusal.ts";
import type { Seal } from "./sealed.ts";
import { hashToken, isToken } from "./session-token.ts";
import {
  displayNameOf,
  endSessionsIn,
  forgetSessions,
  type SessionDependencies,
  startSession,
} from "./sessions.ts";
import type { SignedIn } from "./signed-in.ts";
import { keyed, readSituations, situationAtStart } from "./situations.ts";

export interface SignInDependencies extends SessionDependencies {
  readonly provider: IdentityProvider;
  readonly isRppsKeyChecked: boolean;
  /** For what is kept of the provider. */
  readonly seal: Seal;
}

export interface OpenedSession {
  readonly token: string;
  readonly expiresAt: Date;
  /** Several situations of exercise, and none chosen yet. */
  readonly mustChooseSituation: boolean;
}

/**
 * @param sessionToken the session this browser had: it is replaced, never continued (session fixation)
 * @param isExpected refuses another person than the one who was asked
 * @throws SignInRefused
 */
export async function openSession(
  deps: SignInDependencies,
  ctx: Context,
  signedIn: SignedIn,
  sessionToken: string | undefined,
  isExpected: (identity: ProviderIdentity) => boolean = () => true,
): Promise<OpenedSession> {
  const parsed = parseUserinfo(signedIn.userinfo, {
    isRppsKeyChecked: deps.isRppsKeyChecked,
    idTokenUsername: signedIn.verified.username,
  });
  if (!parsed.ok) throw new SignInRefused(parsed.reason);
  if (!isExpected(parsed.identity)) throw new SignInRefused("decoupled-other-person");
  const authenticatedAt = authenticationTime(signedIn, deps, ctx.now());
  const { started, replaced, mustChooseSituation } = await inSystem(deps, async (tx) => {
    const person = await attachPerson(tx, ctx, deps.provider.issuer, parsed.identity);
    const actorCtx = asPerson(ctx, personOf(person));
    await acceptInvitations(tx, actorCtx, person.id);
    const replaced = isToken(sessionToken)
      ? await endSessionsIn(tx, actorCtx, { tokenHash: hashToken(sessionToken) }, "replaced")
      : [];
    const situations = readSituations(person.situations);
    const situationKey = situationAtStart(situations, person.situation_key);
    const started = await startSession(tx, actorCtx, deps.limits, {
      personId: person.id,
      acr: signedIn.verified.acr,
      authenticatedAt,
      providerSessionId: signedIn.verified.providerSessionId,
      idToken: signedIn.idToken,
      situationKey,
      refresh: signedIn.refreshToken === null
        ? null
        : { token: signedIn.refreshToken, seconds: signedIn.refreshSeconds, seal: deps.seal },
    });
    return { started, replaced, mustChooseSituation: situations.length > 1 && situationKey === null };
  });
  await forgetSessions(deps.cache, replaced);
  return { token: started.token, expiresAt: started.expiresAt, mustChooseSituation };
}

/** When card or phone was presented, as far as the provider says; a session that could no longer begin is refused. */
function authenticationTime(signedIn: SignedIn, deps: SignInDependencies, now: Date): Date {
  const said = signedIn.verified.authenticatedAt ?? now;
  const at = said > now ? now : said;
  if (at.getTime() + deps.limits.absoluteSeconds * 1_000 <= now.getTime()) {
    throw new SignInRefused("authentication-too-old");
  }
  return at;
}

/** The person of this identity: his account, else the row that waits for his first sign-in, else a new one. */
async function attachPerson(
  tx: Tx,
  ctx: Context,
  issuer: string,
  identity: ProviderIdentity,
): Promise<PersonRow> {
  const situations = keyed(identity.situations);
  const wanted = {
    issuer,
    subject: identity.subject,
    id_nat_ps: identity.idNatPs,
    given_name: identity.givenName,
    family_name: identity.familyName,
    situations: JSON.stringify(situations),
  };
  const before = await findPerson(tx, issuer, identity);
  if (!before) {
    const created = await insertPerson(tx, wanted, ctx.now());
    if (created) {
      await recordAudit(tx, asPerson(ctx, personOf(created)), {
        action: "person.create",
        subject: { kind: "person", id: created.id },
        after: snapshot(created),
      });
      return created;
    }
  }
  // Another tab may have made the same person between the two statements: it is there now.
  const known = before ?? await findPerson(tx, issuer, identity);
  if (!known) throw new SignInRefused("identity-conflict");
  if (known.status !== "active") throw new SignInRefused("person-suspended");
  // The provider may stay silent about the national identity; it may not change it.
  const idNatPs = wanted.id_nat_ps ?? known.id_nat_ps;
  if (known.id_nat_ps !== null && idNatPs !== known.id_nat_ps) throw new SignInRefused("identity-conflict");
  const after = await updatePerson(tx, known.id, { ...wanted, id_nat_ps: idNatPs }, ctx.now());
  if (JSON.stringify(snapshot(known)) !== JSON.stringify(snapshot(after))) {
    await recordAudit(tx, asPerson(ctx, personOf(after)), {
      action: "person.update",
      subject: { kind: "person", id: after.id },
      before: snapshot(known),
      after: snapshot(after),
    });
  }
  return after;
}

async function findPerson(
  tx: Tx,
  issuer: string,
  identity: ProviderIdentity,
): Promise<PersonRow | undefined> {
  const account = await findPersonByAccount(tx, issuer, identity.subject);
  if (account || identity.idNatPs === null) return account;
  const person = await findPersonByIdNat(tx, identity.idNatPs);
  if (!person || person.subject === null) return person;
  // The account is (issuer, subject): the same national identity under another one is somebody else until proved. It may
  // also be this very account, made by another tab since the first look.
  if (person.issuer === issuer && person.subject === identity.subject) return person;
  throw new SignInRefused("identity-conflict");
}

function snapshot(person: PersonRow) {
  return {
    idNatPs: person.id_nat_ps,
    displayName: displayNameOf(person.given_name, person.family_name),
    hasAccount: person.subject !== null,
  };
}

function personOf(person: PersonRow): ActingPerson {
  return {
    personId: person.id,
    displayName: displayNameOf(person.given_name, person.family_name),
    idNatPs: person.id_nat_ps,
  };
}
