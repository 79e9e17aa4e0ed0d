import type { Tx } from "../database/in-tenant.ts";

/** Remembers a logout token; false when it was used before. Those that their age refuses anyhow are forgotten. */
export async function noteLogoutToken(
  tx: Tx,
  row: { readonly jti_hash: Uint8Array; readonly expires_at: Date },
  now: Date,
): Promise<boolean> {
  const noted = await tx.insertInto("app.logout_tokens").values(row)
    .onConflict((conflict) => conflict.doNothing()).returning("jti_hash").executeTakeFirst();
  if (!noted) return false;
  await tx.deleteFrom("app.logout_tokens").where(
    "jti_hash",
    "in",
    tx.selectFrom("app.logout_tokens").select("jti_hash").where("expires_at", "<", now).limit(100),
  ).execute();
  return true;
}
