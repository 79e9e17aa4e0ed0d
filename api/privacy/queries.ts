/** Charter and consents. */
import type { PersonActor } from "../context.ts";
import type { Selectable } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { ChartersTable, ConsentsTable } from "../database/schema.ts";

export type CharterRow = Selectable<ChartersTable>;
export type ConsentRow = Pick<Selectable<ConsentsTable>, "purpose" | "is_given" | "decided_at">;
export type Purpose = ConsentRow["purpose"];

export async function insertCharter(
  tx: Tx,
  charter: { version: string; title: string; text: string; sha256: Uint8Array; publishedAt: Date },
): Promise<CharterRow> {
  return await tx.insertInto("app.charters").values({
    version_label: charter.version,
    title: charter.title,
    text: charter.text,
    sha256: charter.sha256,
    published_at: charter.publishedAt,
  }).returningAll().executeTakeFirstOrThrow();
}

export async function findCharter(tx: Tx, charterId: string): Promise<CharterRow | undefined> {
  return await tx.selectFrom("app.charters").selectAll().where("id", "=", charterId).executeTakeFirst();
}

/** The one published last. */
export async function findCharterInForce(tx: Tx): Promise<CharterRow | undefined> {
  return await tx.selectFrom("app.charters").selectAll().orderBy("number", "desc").limit(1)
    .executeTakeFirst();
}

/** All versions, newest first, with how many have accepted each. */
export async function listCharters(tx: Tx) {
  return await tx.selectFrom("app.charters as c").selectAll("c")
    .select((eb) =>
      eb.selectFrom("app.charter_acceptances as a").whereRef("a.charter_id", "=", "c.id")
        .select(eb.fn.countAll<number>().as("count")).as("acceptance_count")
    )
    .orderBy("c.number", "desc").execute();
}

export async function findAcceptance(tx: Tx, personId: string, charterId: string): Promise<Date | undefined> {
  const row = await tx.selectFrom("app.charter_acceptances").select("accepted_at")
    .where("person_id", "=", personId).where("charter_id", "=", charterId).executeTakeFirst();
  return row?.accepted_at;
}

/** With the level of the session in which it was accepted. */
export async function insertAcceptance(
  tx: Tx,
  actor: PersonActor,
  charter: CharterRow,
  acceptedAt: Date,
): Promise<void> {
  await tx.insertInto("app.charter_acceptances").values((eb) => ({
    person_id: actor.personId,
    charter_id: charter.id,
    accepted_at: acceptedAt,
    sha256: charter.sha256,
    acr: eb.selectFrom("app.sessions").select("acr").where("id", "=", actor.sessionId),
  })).onConflict((oc) => oc.doNothing()).execute();
}

/** An administrator who accepts does so for his structures too: their opening is then complete in this point. */
export async function noteStructuresAccepted(
  tx: Tx,
  structureIds: readonly string[],
  acceptedAt: Date,
): Promise<void> {
  if (structureIds.length === 0) return;
  await tx.updateTable("app.structures").set({ charter_accepted_at: acceptedAt })
    .where("id", "in", [...structureIds]).where("charter_accepted_at", "is", null).execute();
}

export async function insertConsent(
  tx: Tx,
  personId: string,
  purpose: Purpose,
  isGiven: boolean,
  decidedAt: Date,
): Promise<void> {
  await tx.insertInto("app.consents").values({
    person_id: personId,
    purpose,
    is_given: isGiven,
    decided_at: decidedAt,
  }).execute();
}

/** The decision that holds, for each purpose that was ever decided. */
export async function listConsents(tx: Tx, personId: string): Promise<ConsentRow[]> {
  return await tx.selectFrom("app.consents").distinctOn("purpose").select([
    "purpose",
    "is_given",
    "decided_at",
  ])
    .where("person_id", "=", personId).orderBy("purpose").orderBy("id", "desc").execute();
}
