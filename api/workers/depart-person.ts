import { departWhenDue } from "../people/mod.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** The date of a departure has come (api/people/depart.ts). */
export async function departPerson(
  deps: WorkerDeps,
  payload: { readonly structureId: string; readonly departureId: string },
): Promise<void> {
  await departWhenDue(deps.contextOf("depart-person"), payload);
}
