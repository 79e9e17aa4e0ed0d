import { readHeads, writeAnchors } from "../audit/mod.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/**
 * The job that notes the ends of the audit chains outside the database. This process notes an end that has not moved only
 * once; a new process notes them all.
 */
export function createAnchorAudit(deps: WorkerDeps): () => Promise<void> {
  const noted = new Map<string, number>();
  return async () => {
    const ctx = deps.contextOf("anchor-audit");
    const { auditAnchorDirectory } = deps;
    if (auditAnchorDirectory === null) {
      ctx.log.warn("anchor-audit.nowhere", { setting: "MSS_AUDIT_ANCHOR_DIRECTORY" });
      return;
    }
    const moved = (await readHeads(ctx)).filter(({ chain, seq }) => noted.get(chain) !== seq);
    await writeAnchors(auditAnchorDirectory, ctx.now(), moved);
    for (const { chain, seq } of moved) noted.set(chain, seq);
    ctx.log.info("anchor-audit.done", { chains: moved.length });
  };
}
