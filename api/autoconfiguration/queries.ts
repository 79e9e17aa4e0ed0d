import type { Tx } from "../database/in-tenant.ts";

/** Whether mail of this domain is kept here: known of every white list's domain anyway. Needs the scope `system`. */
export async function isHostedDomain(tx: Tx, name: string): Promise<boolean> {
  const row = await tx.selectFrom("app.domains as d").innerJoin(
    "app.structures as s",
    "s.id",
    "d.structure_id",
  )
    .select("d.id").where("d.name", "=", name).where("d.status", "<>", "closed").where(
      "s.status",
      "<>",
      "closed",
    )
    .executeTakeFirst();
  return row !== undefined;
}
