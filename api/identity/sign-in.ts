/**
 * Signing in through Pro Santé Connect. What must be proved at the return (state, nonce, PKCE verifier) stays on the
 * server, once, for ten minutes, bound to the browser by a random cookie; the person and the session are made in one
 * transaction with their audit.
 */
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { confirmedPage, confirmSession } from "./confirm.ts";
import { type OpenedSession, openSession, type SignInDependencies } from "./open-session.ts";
import { SignInRefused } from "./refusal.ts";
import { toLocalPath } from "./return-to.ts";
import { deleteExpiredAttempts, insertAttempt, takeAttempt } from "./session-queries.ts";
import { hashToken, isToken, randomToken } from "./session-token.ts";
import { findSession } from "./sessions.ts";

/** How long a person may take at the provider. */
export const attemptSeconds = 600;

export interface StartedSignIn {
  readonly authorizationUrl: URL;
  /** Value of the cookie that binds the attempt to this browser. */
  readonly binding: string;
}

/**
 * Begins a sign-in.
 *
 * @param input.binding the browser's cookie of an attempt still open: kept, so that two tabs may sign in at once
 * @param input.confirms the session that goes on, in which card or phone is to be shown again (confirm.ts)
 * @throws SignInRefused when the provider cannot be reached
 */
export async function startSignIn(
  deps: SignInDependencies,
  ctx: Context,
  input: {
    readonly returnTo: string | undefined;
    readonly binding: string | undefined;
    readonly confirms?: string;
  },
): Promise<StartedSignIn> {
  const [state, nonce, codeVerifier] = [randomToken(), randomToken(), randomToken()];
  const binding = isToken(input.binding) ? input.binding : randomToken();
  const isFresh = input.confirms !== undefined;
  const authorizationUrl = await deps.provider.authorizationUrl({ state, nonce, codeVerifier, isFresh });
  const now = ctx.now();
  await inSystem(deps, async (tx) => {
    await deleteExpiredAttempts(tx, now);
    await insertAttempt(tx, {
      state_hash: hashToken(state),
      binding_hash: hashToken(binding),
      nonce,
      code_verifier: codeVerifier,
      return_to: toLocalPath(input.returnTo),
      session_id: input.confirms ?? null,
      created_at: now,
      expires_at: new Date(now.getTime() + attemptSeconds * 1_000),
    });
  });
  return { authorizationUrl, binding };
}

export interface CompletedSignIn {
  /** The new session's; undefined when the session that the browser has was only confirmed. */
  readonly token: string | undefined;
  readonly returnTo: string;
}

/** Who has several situations and has chosen none is asked first, and then goes where he wanted to. */
export function afterSignIn(opened: OpenedSession, returnTo: string): string {
  return opened.mustChooseSituation
    ? `/sign-in?${new URLSearchParams({ step: "situation", returnTo })}`
    : returnTo;
}

/** A refusal that knows where the person wanted to go, so that the sign-in page can offer to try again. */
export class SignInFailed extends Error {
  override readonly name = "SignInFailed";

  constructor(readonly refusal: SignInRefused, readonly returnTo: string, readonly isConfirmation: boolean) {
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
  let isConfirmation = false;
  try {
    const attempt = await openAttempt(deps, ctx, input.callback, input.binding);
    returnTo = attempt.returnTo;
    isConfirmation = attempt.confirms !== null;
    const signedIn = await deps.provider.redeem(input.callback, attempt.proof);
    if (attempt.confirms !== null) {
      await confirmSession(deps, ctx, signedIn, { sessionId: attempt.confirms, begunAt: attempt.begunAt });
      // Where the session has ended meanwhile, the same card opens another.
      const session = await findSession(deps, input.sessionToken);
      if (session?.id === attempt.confirms) return { token: undefined, returnTo: confirmedPage };
    }
    const opened = await openSession(deps, ctx, signedIn, input.sessionToken);
    if (isConfirmation) return { token: opened.token, returnTo: confirmedPage };
    return { token: opened.token, returnTo: afterSignIn(opened, returnTo) };
  } catch (cause) {
    if (!(cause instanceof SignInRefused)) throw cause;
    await noteRefusal(deps, ctx, cause);
    throw new SignInFailed(cause, returnTo, isConfirmation);
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
    confirms: attempt.session_id,
    begunAt: attempt.created_at,
    proof: { state, nonce: attempt.nonce, codeVerifier: attempt.code_verifier },
  };
}

/** Every refusal is traced with its reason (ASVS 16.3.1). A person who changed his mind is not an event. */
export async function noteRefusal(
  deps: SignInDependencies,
  ctx: Context,
  refusal: SignInRefused,
): Promise<void> {
  ctx.log.warn("sign-in.refused", { reason: refusal.reason, requestId: ctx.requestId });
  if (refusal.reason === "cancelled") return;
  await inSystem(deps, (tx) =>
    recordAudit(tx, ctx, {
      action: "session.refuse",
      subject: { kind: "sign-in", id: ctx.requestId },
      reason: refusal.reason,
    }));
}
