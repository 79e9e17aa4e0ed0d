import { inSystem } from "../database/in-tenant.ts";
import { domainJobKey, enqueueMailboxes } from "../database/enqueue.ts";
import { MailServerUnavailable } from "../mail-server/mod.ts";
import { runAgainLater } from "./again-later.ts";
import { findDomainToApply, listMailboxIdsOfDomain, markDomainApplied } from "./queries.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/**
 * Makes the mail server know a hosted domain, then has each of its boxes applied: their state follows the domain's.
 * A closed domain stays known as long as its boxes' mail is kept; its boxes are closed by their own jobs.
 */
export async function applyDomain(
  deps: WorkerDeps,
  { structureId, domainId }: { structureId: string; domainId: string },
): Promise<void> {
  const ctx = deps.contextOf("apply-domain");
  const domain = await inSystem(ctx, (tx) => findDomainToApply(tx, structureId, domainId));
  if (!domain) return;
  try {
    await deps.mailServer.applyDomain(domain.name);
  } catch (error) {
    if (!(error instanceof MailServerUnavailable)) throw error;
    await runAgainLater(ctx, { kind: "apply-domain", structureId, domainId }, domainJobKey(domainId));
    ctx.log.warn("apply-domain.waits", { domainId, version: domain.version });
    return;
  }
  await inSystem(ctx, async (tx) => {
    await markDomainApplied(tx, structureId, domainId, domain.version);
    await enqueueMailboxes(tx, structureId, await listMailboxIdsOfDomain(tx, structureId, domainId));
  });
  ctx.log.info("apply-domain.applied", { domainId, version: domain.version });
}
