import type { Tx } from "../database/in-tenant.ts";

export async function findSituations(
  tx: Tx,
  personId: string,
  sessionId: string,
): Promise<{ readonly situations: unknown; readonly situation_key: string | null } | undefined> {
  return await tx.selectFrom("app.people as person")
    .leftJoin(
      "app.sessions as session",
      (join) => join.onRef("session.person_id", "=", "person.id").on("session.id", "=", sessionId),
    )
    .select(["person.situations", "session.situation_key"])
    .where("person.id", "=", personId).executeTakeFirst();
}

export async function setSituation(tx: Tx, personId: string, sessionId: string, key: string): Promise<void> {
  await tx.updateTable("app.people").set({ situation_key: key }).where("id", "=", personId).execute();
  await tx.updateTable("app.sessions").set({ situation_key: key }).where("id", "=", sessionId)
    .where("person_id", "=", personId).where("ended_at", "is", null).execute();
}
