/** Who changed a thing last, where the audit trail is open to the reader. */
import type { Admin } from "../shell/admin.svelte.ts";

export interface LastChange {
  readonly name: string;
  readonly at: string;
}

/** Undefined when the trail is not the reader's to see, or does not answer: the conflict is told without the name. */
export function lastChangeOf(
  _admin: Admin,
  _structureId: string,
  _subjectId: string,
): Promise<LastChange | undefined> {
  return Promise.resolve(undefined);
}
