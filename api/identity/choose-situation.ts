import { recordAudit } from "../audit/mod.ts";
import type { Context, PersonActor } from "../context.ts";
import { inSystem } from "../database/in-tenant.ts";
import { problem } from "../problems.ts";
import { requirePerson } from "./require-person.ts";
import type { SessionDependencies } from "./sessions.ts";
import { findSituations, setSituation } from "./situation-queries.ts";
import { type KeyedSituation, readSituations } from "./situations.ts";

export interface ChosenSituations {
  readonly situations: readonly KeyedSituation[];
  /** Null: there is none, or several and none is chosen yet. */
  readonly situationKey: string | null;
}

export async function readSessionSituations(
  deps: SessionDependencies,
  { personId, sessionId }: Pick<PersonActor, "personId" | "sessionId">,
): Promise<ChosenSituations> {
  const row = await inSystem(deps, (tx) => findSituations(tx, personId, sessionId));
  return {
    situations: readSituations(row?.situations),
    situationKey: row?.situation_key ?? null,
  };
}

/** Chooses the situation in which the person works from now on, in this session and the ones that he will open. */
export async function chooseSituation(
  deps: SessionDependencies,
  ctx: Context,
  situationKey: string,
): Promise<ChosenSituations> {
  const { personId, sessionId } = requirePerson(ctx);
  return await inSystem(deps, async (tx) => {
    const row = await findSituations(tx, personId, sessionId);
    const situations = readSituations(row?.situations);
    if (!situations.some((one) => one.key === situationKey)) {
      throw problem("invalid-request", {
        errors: [{ pointer: "/situationKey", detail: "not one of the person's situations" }],
      });
    }
    await setSituation(tx, personId, sessionId, situationKey);
    await recordAudit(tx, ctx, {
      action: "session.choose-situation",
      subject: { kind: "session", id: sessionId },
      before: { situationKey: row?.situation_key ?? undefined },
      after: { personId, situationKey },
    });
    return { situations, situationKey };
  });
}
