/**
 * Signing in through Pro Santé Connect. What must be proved at the return (state, nonce, PKCE verifier) stays on the
 * server, once, for ten minutes, bound to the browser by a random cookie; the person and the session are made in one
 * transaction with their audit.
 */
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inSystem, type Tx } from "../database/in-tenant.ts";
import { acceptInvitations } from "./accept-invitations.ts";
import type { IdentityProvider, SignedIn } from "./identity-provider.ts";
import { parseUserinfo, type ProviderIdentity } from "./parse-userinfo.ts";
import {
  findPersonByAccount,
  findPersonByIdNat,
  insertPerson,
  type PersonRow,
  updatePerson,
} from "./queries.ts";
import { SignInRefused } from "./refusal.ts";
import { toLocalPath } from "./return-to.ts";
import { deleteExpiredAttempts, insertAttempt, takeAttempt } from "./session-queries.ts";
import { hashToken, isToken, randomToken } from "./session-token.ts";
import {
  displayNameOf,
  endSessionsIn,
  forgetSessions,
  type SessionDependencies,
  startSession,
} from "./sessions.ts";

/** How long a person may take at the provider. */
export const attemptSeconds = 600;

export interface SignInDependencies extends SessionDependencies {
  readonly provider: IdentityProvider;
  readonly isRppsKeyChecked: boolean;
}

export interface StartedSignIn {
  readonly authorizationUrl: URL;
  /** Value of the cookie that binds the attempt to this browser. */
  readonly binding: string;
}

/**
 * Begins a sign-in.
 *
 * @param input.binding the browser's cookie of an attempt still open: kept, so that two tabs may sign in at once
 * @throws SignInRefused when the provider cannot be reached
 */
export async function startSignIn(
  deps: SignInDependencies,
  ctx: Context,
  input: { readonly returnTo: string | undefined; readonly binding: string | undefined },
): Promise<StartedSignIn> {
  const [state, nonce, codeVerifier] = [randomToken(), randomToken(), randomToken()];
  const binding = isToken(input.binding) ? input.binding : randomToken();
  const authorizationUrl = await deps.provider.authorizationUrl({ state, nonce, codeVerifier });
  const now = ctx.now();
  await inSystem(deps, async (tx) => {
    await deleteExpiredAttempts(tx, now);
    await insertAttempt(tx, {
      state_hash: hashToken(state),
      binding_hash: hashToken(binding),
      nonce,
      code_verifier: codeVerifier,
      return_to: toLocalPath(input.returnTo),
      created_at: now,
      expires_at: new Date(now.getTime() + attemptSeconds * 1_000),
    });
  });
  return { authorizationUrl, binding };
}

export interface CompletedSignIn {
  readonly token: string;
  readonly expiresAt: Date;
  readonly returnTo: string;
}

/** A refusal that knows where the person wanted to go, so that the sign-in page can offer to try again. */
export class SignInFailed extends Error {
  override readonly name = "SignInFailed";

  constructor(readonly refusal: SignInRefused, readonly returnTo: string) {
    super(refusal.message, { cause: refusal });
  }
}

/**
 * Ends a sign-in: takes the attempt, redeems the code, makes or updates the person, opens the session.
 *
 * @param input.callback the whole address the browser came back to
 * @param input.sessionToken the session this browser had: it is replaced, never continued (session fixation)
 * @throws SignInFailed whatever is wrong, each with its own reason
 */
export async function completeSignIn(
  deps: SignInDependencies,
  ctx: Context,
  input: {
    readonly callback: URL;
    readonly binding: string | undefined;
    readonly sessionToken: string | undefined;
  },
): Promise<CompletedSignIn> {
  let returnTo = toLocalPath(undefined);
  try {
    const attempt = await openAttempt(deps, ctx, input.callback, input.binding);
    returnTo = attempt.returnTo;
    const signedIn = await deps.provider.redeem(input.callback, attempt.proof);
    const parsed = parseUserinfo(signedIn.userinfo, {
      isRppsKeyChecked: deps.isRppsKeyChecked,
      idTokenUsername: signedIn.verified.username,
    });
    if (!parsed.ok) throw new SignInRefused(parsed.reason);
    const authenticatedAt = authenticationTime(signedIn, deps, ctx.now());
    const { started, replaced } = await inSystem(deps, async (tx) => {
      const person = await attachPerson(tx, ctx, deps.provider.issuer, parsed.identity);
      const actorCtx = asPerson(ctx, person);
      await acceptInvitations(tx, actorCtx, person.id);
      const replaced = isToken(input.sessionToken)
        ? await endSessionsIn(tx, actorCtx, { tokenHash: hashToken(input.sessionToken) }, "replaced")
        : [];
      const started = await startSession(tx, actorCtx, deps.limits, {
        personId: person.id,
        acr: signedIn.verified.acr,
        authenticatedAt,
        providerSessionId: signedIn.verified.providerSessionId,
        idToken: signedIn.idToken,
      });
      return { started, replaced };
    });
    await forgetSessions(deps.cache, replaced);
    return { token: started.token, expiresAt: started.expiresAt, returnTo };
  } catch (cause) {
    if (!(cause instanceof SignInRefused)) throw cause;
    await noteRefusal(deps, ctx, cause);
    throw new SignInFailed(cause, returnTo);
  }
}

/** The attempt of this callback, taken out of the table: a second try, even of a failed one, needs a new sign-in. */
async function openAttempt(
  deps: SignInDependencies,
  ctx: Context,
  callback: URL,
  binding: string | undefined,
) {
  const state = callback.searchParams.get("state");
  if (!isToken(state)) throw new SignInRefused("attempt-unknown");
  if (!isToken(binding)) throw new SignInRefused("attempt-other-browser");
  const attempt = await inSystem(deps, (tx) => takeAttempt(tx, hashToken(state), hashToken(binding)));
  if (attempt === "other-browser") throw new SignInRefused("attempt-other-browser");
  if (!attempt) throw new SignInRefused("attempt-unknown");
  if (attempt.expires_at <= ctx.now()) throw new SignInRefused("attempt-expired");
  return {
    returnTo: toLocalPath(attempt.return_to),
    proof: { state, nonce: attempt.nonce, codeVerifier: attempt.code_verifier },
  };
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
  const wanted = {
    issuer,
    subject: identity.subject,
    id_nat_ps: identity.idNatPs,
    given_name: identity.givenName,
    family_name: identity.familyName,
  };
  const before = await findPerson(tx, issuer, identity);
  if (!before) {
    const created = await insertPerson(tx, wanted, ctx.now());
    if (created) {
      await recordAudit(tx, asPerson(ctx, created), {
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
    await recordAudit(tx, asPerson(ctx, after), {
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

/** From here on the acts are the person's own. */
function asPerson(ctx: Context, person: PersonRow): Context {
  return {
    ...ctx,
    actor: {
      kind: "person",
      personId: person.id,
      sessionId: "",
      displayName: displayNameOf(person.given_name, person.family_name),
      idNatPs: person.id_nat_ps,
      operatorRoles: [],
      memberships: [],
    },
  };
}

/** Every refusal is traced with its reason (ASVS 16.3.1). A person who changed his mind is not an event. */
async function noteRefusal(deps: SignInDependencies, ctx: Context, refusal: SignInRefused): Promise<void> {
  ctx.log.warn("sign-in.refused", { reason: refusal.reason, requestId: ctx.requestId });
  if (refusal.reason === "cancelled") return;
  await inSystem(deps, (tx) =>
    recordAudit(tx, ctx, {
      action: "session.refuse",
      subject: { kind: "sign-in", id: ctx.requestId },
      reason: refusal.reason,
    }));
}
