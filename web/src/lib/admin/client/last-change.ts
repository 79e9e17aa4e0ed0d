/** Who changed a thing last, where the audit trail is open to the reader. */
import type { Admin } from "../shell/admin.svelte.ts";
import { bodyOf } from "./client.ts";

export interface LastChange {
  readonly name: string;
  readonly at: string;
}

/** Undefined when the trail is not the reader's to see, or does not answer: the conflict is then told without the name. */
export async function lastChangeOf(
  { api, rights }: Admin,
  structureId: string,
  subjectId: string,
): Promise<LastChange | undefined> {
  if (!rights.readsAudit(structureId)) return undefined;
  try {
    const params = { path: { structureId }, query: { subjectId, limit: 1 } };
    const { items } = await bodyOf(api.GET("/api/v1/structures/{structureId}/audit", { params }));
    const [last] = items;
    return last === undefined ? undefined : { name: last.actorLabel, at: last.at };
  } catch {
    return undefined; // The conflict itself matters more than its author.
  }
}
