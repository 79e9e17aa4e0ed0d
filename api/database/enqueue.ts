/** Jobs are rows: adding one is part of the transaction that makes it necessary (house law 3). */
import { sql } from "kysely";
import type { Tx } from "./in-tenant.ts";

/** Every job of the platform, with what it needs to know. The worker's table (api/workers/mod.ts) has one task per kind. */
export type Job =
  | { readonly kind: "apply-domain"; readonly structureId: string; readonly domainId: string }
  | { readonly kind: "apply-mailbox"; readonly structureId: string; readonly mailboxId: string }
  | { readonly kind: "reconcile-mailboxes" }
  | { readonly kind: "refresh-white-list" };

/**
 * Adds a job inside `tx`: it exists if and only if the change is committed.
 *
 * @param key two waiting jobs of the same key are one (desired state: the last one wins, it reads the row anew)
 */
export async function enqueue(tx: Tx, job: Job, key?: string): Promise<void> {
  const { kind, ...payload } = job;
  await sql`select jobs.enqueue(${kind}, ${JSON.stringify(payload)}::json, ${key ?? null})`.execute(tx);
}
