import { runAgainLater } from "./again-later.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** Fetches the white list. A failure that may pass is tried again within seconds; the list in force stays meanwhile. */
export async function refreshWhiteList(deps: WorkerDeps): Promise<void> {
  const ctx = deps.contextOf("refresh-white-list");
  if (await deps.refreshWhiteList(ctx)) {
    await runAgainLater(ctx, { kind: "refresh-white-list" }, "refresh-white-list");
  }
}
