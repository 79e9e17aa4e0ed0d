/** A constraint that was hit, told as the problem it means (house B6). */
import pg from "pg";
import type { Problem } from "../problems.ts";

const uniqueViolation = "23505";

/**
 * Runs `write`; when it breaks the named unique constraint, throws `problem()` with the database's error as its cause.
 * Every other error passes unchanged. The transaction is lost in both cases.
 */
export async function onUnique<T>(
  constraints: string | readonly string[],
  problem: () => Problem,
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const names = typeof constraints === "string" ? [constraints] : constraints;
    if (
      error instanceof pg.DatabaseError && error.code === uniqueViolation &&
      names.includes(error.constraint ?? "")
    ) {
      throw Object.assign(problem(), { cause: error });
    }
    throw error;
  }
}
