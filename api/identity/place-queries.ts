import { sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import { addDays } from "../days.ts";

/** A place is forgotten when nobody came from it for so long. */
const forgottenAfterDays = 180;

/**
 * Notes that a person is at a place.
 *
 * @returns whether he is known at others and was never seen at this one: of a first sign-in ever nothing is new
 */
export async function notePlace(tx: Tx, personId: string, hash: Uint8Array, now: Date): Promise<boolean> {
  const before = addDays(now, -forgottenAfterDays);
  await tx.deleteFrom("app.known_places").where("person_id", "=", personId)
    .where("last_seen_at", "<", before).execute();
  const { rows: [row] } = await sql<{ is_new: boolean }>`
    with known as (select count(*) as places from app.known_places where person_id = ${personId}),
      noted as (
        insert into app.known_places (person_id, place_hash, first_seen_at, last_seen_at)
        values (${personId}, ${hash}, ${now}, ${now})
        on conflict (person_id, place_hash) do update set last_seen_at = excluded.last_seen_at
        returning xmax = 0 as is_inserted)
    select noted.is_inserted and known.places > 0 as is_new from noted, known`.execute(tx);
  return row?.is_new === true;
}
