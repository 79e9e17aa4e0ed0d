/**
 * Card or phone shown again, for an act that asks for more than a session: at the provider, which is told to ask for it whatever it
 * remembers. The session goes on as it was, and so does the page that asked.
 */
import { recordAudit } from "../audit/mod.ts";
import type { Context } from "../context.ts";
import { type HasDatabase, inSystem } from "../database/in-tenant.ts";
import { asPerson } from "./acting-person.ts";
import type { IdentityProvider } from "./identity-provider.ts";
import type { SignedIn } from "./signed-in.ts";
import { SignInRefused } from "./refusal.ts";
import { findSessionAccount, noteFactorShown } from "./session-queries.ts";

/** Tolerated difference between the two clocks. */
const clockToleranceMilliseconds = 10_000;

/** Where the browser comes back to: a window of its own, beside the page that asked. */
export const confirmedPage = "/sign-in?step=confirmed";

/**
 * Notes in the session that its person has just shown card or phone.
 *
 * @throws SignInRefused when it was somebody else, or the provider did not ask
 */
export async function confirmSession(
  deps: HasDatabase & { readonly provider: Pick<IdentityProvider, "issuer"> },
  ctx: Context,
  { verified }: SignedIn,
  attempt: { readonly sessionId: string; readonly begunAt: Date },
): Promise<void> {
  const account = await inSystem(deps, (tx) => findSessionAccount(tx, attempt.sessionId));
  if (account?.issuer !== deps.provider.issuer || account.subject !== verified.subject) {
    throw new SignInRefused("confirmed-by-other-person");
  }
  // What the provider remembers of this morning is no proof that the person is there now.
  const shownAt = verified.authenticatedAt?.getTime() ?? 0;
  if (shownAt < attempt.begunAt.getTime() - clockToleranceMilliseconds) {
    throw new SignInRefused("authentication-not-fresh");
  }
  const { sessionId } = attempt;
  const personCtx = asPerson(ctx, { personId: account.person_id, displayName: account.display_name });
  await inSystem(deps, async (tx) => {
    await noteFactorShown(tx, sessionId, ctx.now());
    await recordAudit(tx, personCtx, {
      action: "session.step-up",
      subject: { kind: "session", id: sessionId },
      after: { personId: account.person_id, acr: verified.acr },
    });
  });
}
