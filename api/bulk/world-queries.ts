/** What a chunk of lines asks of the structure around it, for all lines at once. */
import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";

/** The active domains of a structure, name → id, held in share until the transaction ends: none is closed meanwhile. */
export async function holdActiveDomains(tx: Tx, structureId: string): Promise<ReadonlyMap<string, string>> {
  const rows = await tx.selectFrom("app.domains").select(["id", "name"]).where(
    "structure_id",
    "=",
    structureId,
  )
    .where("status", "=", "active").orderBy("id").forShare().execute();
  return new Map(rows.map(({ id, name }) => [name, id]));
}

export interface Holder {
  readonly idNatPs: string;
  readonly givenName: string;
  readonly familyName: string;
}

/** Notes holders that nobody knows yet, so that they are found by name. In the platform's scope: people belong to no structure. */
export async function noteHolders(tx: Tx, holders: readonly Holder[], now: Date): Promise<void> {
  if (holders.length === 0) return;
  await sql`
    insert into app.people (id_nat_ps, given_name, family_name, created_at, updated_at)
    select distinct on ("idNatPs") "idNatPs", "givenName", "familyName", ${now}::timestamptz, ${now}::timestamptz
      from jsonb_to_recordset(${JSON.stringify(holders)}::jsonb)
        as h("idNatPs" text, "givenName" text, "familyName" text)
     order by "idNatPs"
    on conflict (id_nat_ps) do nothing`.execute(tx);
}
