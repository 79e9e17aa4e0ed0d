/**
 * The only way to a transaction. Each function says what the transaction may see, and row-level security holds it to that
 * (migrations/20261121090000_foundation.sql): a query cannot be written without one of them, since it needs a `Tx`.
 */
import { type Kysely, sql, type Transaction } from "kysely";
import type { Database } from "./schema.ts";

export type Scope =
  | { readonly kind: "structure"; readonly structureId: string }
  | { readonly kind: "person"; readonly personId: string }
  | { readonly kind: "operator" }
  | { readonly kind: "system" };

declare const scoped: unique symbol;
/** A transaction whose scope has been set. Only this module makes one. */
export type Tx = Transaction<Database> & { readonly [scoped]: true };

/** What a verb has at hand: the pool, or an open scoped transaction that nested calls reuse. */
export interface HasDatabase {
  readonly db: Kysely<Database>;
}

async function begin<T>(db: Kysely<Database>, scope: Scope, run: (tx: Tx) => Promise<T>): Promise<T> {
  return await db.transaction().execute(async (transaction) => {
    const structureId = scope.kind === "structure" ? scope.structureId : "";
    const personId = scope.kind === "person" ? scope.personId : "";
    // `true`: local to the transaction, so that a pooled connection carries nothing to its next user.
    await sql`select set_config('app.scope', ${scope.kind}, true), set_config('app.structure_id', ${structureId}, true),
      set_config('app.person_id', ${personId}, true)`.execute(transaction);
    return await run(transaction as Tx);
  });
}

/** Sees and changes the rows of one structure. The caller has authorised the actor for it. */
export function inStructure<T>(
  ctx: HasDatabase,
  structureId: string,
  run: (tx: Tx) => Promise<T>,
): Promise<T> {
  return begin(ctx.db, { kind: "structure", structureId }, run);
}

/** Sees the person's own rows and the mailboxes that person may open, in whatever structure. */
export function inPerson<T>(ctx: HasDatabase, personId: string, run: (tx: Tx) => Promise<T>): Promise<T> {
  return begin(ctx.db, { kind: "person", personId }, run);
}

/** An act of the operator over all structures. The caller has authorised an operator's role. */
export function inOperator<T>(ctx: HasDatabase, run: (tx: Tx) => Promise<T>): Promise<T> {
  return begin(ctx.db, { kind: "operator" }, run);
}

/** The platform's own work: workers, sign-in before anyone is known, the mail server's hooks. */
export function inSystem<T>(ctx: HasDatabase, run: (tx: Tx) => Promise<T>): Promise<T> {
  return begin(ctx.db, { kind: "system" }, run);
}

/**
 * Runs one step of an open transaction as the platform itself, then narrows the scope again. For what a verb must look up
 * or keep outside its structure (is this person already known?) without showing the actor anything of it.
 */
export async function asPlatform<T>(tx: Tx, run: (tx: Tx) => Promise<T>): Promise<T> {
  const { rows } = await sql<{ before: string }>`select current_setting('app.scope', true) as before`.execute(
    tx,
  );
  await sql`select set_config('app.scope', 'system', true)`.execute(tx);
  // No `finally`: after an error the transaction is lost, and its settings with it.
  const result = await run(tx);
  await sql`select set_config('app.scope', ${rows[0]?.before ?? ""}, true)`.execute(tx);
  return result;
}
