import { type Kysely, sql } from "kysely";
import type { Database } from "./schema.ts";

/** One round trip that touches no table. */
export async function pingDatabase(db: Kysely<Database>): Promise<void> {
  await sql`select 1`.execute(db);
}
