import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";

/** @returns how many */
export async function deleteEndedGrants(tx: Tx, before: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from app.oauth_grants where id in (select id from app.oauth_grants
      where least(expires_at, revoked_at) < ${before} order by least(expires_at, revoked_at) limit ${limit}
      for update skip locked)`.execute(tx);
  return Number(numAffectedRows ?? 0);
}

/** Of codes that began no family. @returns how many */
export async function deleteOpenCodes(tx: Tx, before: Date, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from app.oauth_codes where code_hash in (select code_hash from app.oauth_codes
      where expires_at < ${before} and grant_id is null limit ${limit} for update skip locked)`.execute(tx);
  return Number(numAffectedRows ?? 0);
}
