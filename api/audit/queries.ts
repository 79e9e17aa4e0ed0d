import type { Insertable } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { AuditEventsTable } from "../database/schema.ts";

export type AuditRow = Insertable<AuditEventsTable>;

export async function insertAuditEvents(tx: Tx, events: readonly AuditRow[]): Promise<void> {
  await tx.insertInto("app.audit_events").values([...events]).execute();
}
