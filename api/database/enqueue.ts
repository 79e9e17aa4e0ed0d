/** Jobs are rows: adding one is part of the transaction that makes it necessary (house law 3). */
import { sql } from "kysely";
import type { Tx } from "./in-tenant.ts";

/** Every job of the platform, with what it needs to know. The worker's table (api/workers/run.ts) has one task per kind. */
export type Job =
  | { readonly kind: "apply-domain"; readonly structureId: string; readonly domainId: string }
  | { readonly kind: "depart-person"; readonly structureId: string; readonly departureId: string }
  | { readonly kind: "apply-mailbox"; readonly structureId: string; readonly mailboxId: string }
  | { readonly kind: "sweep-idempotency-keys" }
  | { readonly kind: "sweep-grants" }
  | { readonly kind: "check-batch"; readonly structureId: string; readonly batchId: string }
  | { readonly kind: "run-batch"; readonly structureId: string; readonly batchId: string }
  | { readonly kind: "undo-batch"; readonly structureId: string; readonly batchId: string }
  | { readonly kind: "sweep-batches" }
  | { readonly kind: "advance-inactivity" }
  | { readonly kind: "send-inactivity-notice"; readonly structureId: string; readonly mailboxId: string }
  | { readonly kind: "send-new-place-notice"; readonly sessionId: string }
  | { readonly kind: "remind-of-expiry" }
  | { readonly kind: "send-expiry-reminder"; readonly structureId: string; readonly reminderId: string }
  | { readonly kind: "sweep-app-passwords" }
  | { readonly kind: "reconcile-mailboxes" }
  | { readonly kind: "make-export"; readonly exportId: string }
  | { readonly kind: "expire-exports" }
  | { readonly kind: "run-erasures" }
  | { readonly kind: "anchor-audit" }
  | { readonly kind: "dispatch-webhooks"; readonly structureId: string }
  | { readonly kind: "deliver-webhook"; readonly structureId: string; readonly deliveryId: string }
  | { readonly kind: "sweep-webhook-deliveries" }
  | { readonly kind: "tell-of-attack"; readonly attackId: string }
  | { readonly kind: "sweep-attacks" }
  | { readonly kind: "refresh-white-list" };

/**
 * Adds a job inside `tx`: it exists if and only if the change is committed.
 *
 * @param key two waiting jobs of the same key are one (desired state: the last one wins, it reads the row anew)
 * @param runAt not before that time; at once when absent
 */
export async function enqueue(tx: Tx, job: Job, key?: string, runAt?: Date): Promise<void> {
  const { kind, ...payload } = job;
  await sql`select jobs.enqueue(${kind}, ${JSON.stringify(payload)}::json, ${key ?? null}, ${
    runAt?.toISOString() ?? null
  }::timestamptz)`.execute(tx);
}

/** Key of the job that applies a box: a second change before the first job has run needs no second job. */
export function mailboxJobKey(mailboxId: string): string {
  return `mailbox:${mailboxId}`;
}

/** Adds the job that applies each of these boxes, in one statement. */
export async function enqueueMailboxes(
  tx: Tx,
  structureId: string,
  mailboxIds: readonly string[],
): Promise<void> {
  if (mailboxIds.length === 0) return;
  await sql`select count(jobs.enqueue('apply-mailbox', json_build_object('structureId', ${structureId}::uuid, 'mailboxId', id),
    ${mailboxJobKey("")} || id)) from unnest(${[...mailboxIds]}::uuid[]) as id`.execute(tx);
}

/** Adds one job for each of these boxes, in one statement; two of the same kind and box that wait are one. */
export async function enqueueEach(
  tx: Tx,
  kind: "send-inactivity-notice",
  structureId: string,
  mailboxIds: readonly string[],
): Promise<void> {
  if (mailboxIds.length === 0) return;
  await sql`select count(jobs.enqueue(${kind}, json_build_object('structureId', ${structureId}::uuid, 'mailboxId', id),
    ${kind}::text || ':' || id)) from unnest(${[...mailboxIds]}::uuid[]) as id`.execute(tx);
}

/** Key of the job that applies a domain. */
export function domainJobKey(domainId: string): string {
  return `domain:${domainId}`;
}
