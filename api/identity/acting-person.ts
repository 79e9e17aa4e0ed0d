import type { Context, PersonActor } from "../context.ts";

/** What is known of a person who acts otherwise than by a session of the web. */
export interface ActingPerson {
  readonly personId: string;
  readonly displayName: string;
  readonly idNatPs?: string | null;
  /** What his acts end with; none while a session is only being made. */
  readonly sessionId?: string;
}

/** A person without any role: the trail names him, and no policy gives him anything. */
export function actingPerson(
  { personId, displayName, idNatPs = null, sessionId = "" }: ActingPerson,
): PersonActor {
  return { kind: "person", personId, sessionId, displayName, idNatPs, operatorRoles: [], memberships: [] };
}

/** The same context; from here on the acts are this person's own. */
export function asPerson(ctx: Context, person: ActingPerson): Context {
  return { ...ctx, actor: actingPerson(person) };
}
