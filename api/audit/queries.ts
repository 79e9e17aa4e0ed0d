import type { Insertable } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { AuditEventsTable } from "../database/schema.ts";

export async function insertAuditEvent(tx: Tx, event: Insertable<AuditEventsTable>): Promise<void> {
  await tx.insertInto("app.audit_events").values(event).execute();
}
