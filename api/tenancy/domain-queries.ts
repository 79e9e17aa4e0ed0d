import { containing } from "../database/like.ts";
import { sql, type Updateable } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { DomainsTable } from "../database/schema.ts";
import { onUnique } from "../database/unique.ts";
import type { PageRequest } from "../http/paginate.ts";
import { problem } from "../problems.ts";
import type { DomainRow } from "./queries.ts";

/** Throws `domain-name-taken`. */
export async function insertDomain(
  tx: Tx,
  values: { structureId: string; name: string; now: Date },
): Promise<DomainRow> {
  return await onUnique(
    "domains__name",
    () => problem("domain-name-taken", { name: values.name }),
    () =>
      tx.insertInto("app.domains")
        .values({
          structure_id: values.structureId,
          name: values.name,
          created_at: values.now,
          updated_at: values.now,
        })
        .returningAll().executeTakeFirstOrThrow(),
  );
}

/** Throws `domain-not-found`. */
export async function getDomain(tx: Tx, structureId: string, domainId: string): Promise<DomainRow> {
  const row = await tx.selectFrom("app.domains").selectAll().where("structure_id", "=", structureId)
    .where("id", "=", domainId).executeTakeFirst();
  if (row === undefined) throw problem("domain-not-found");
  return row;
}

/** The same, locked until the transaction ends: no box can be made in it meanwhile. */
export async function getDomainForUpdate(tx: Tx, structureId: string, domainId: string): Promise<DomainRow> {
  const row = await tx.selectFrom("app.domains").selectAll().where("structure_id", "=", structureId)
    .where("id", "=", domainId).forNoKeyUpdate().executeTakeFirst();
  if (row === undefined) throw problem("domain-not-found");
  return row;
}

/** Writes these columns as a new version, which the worker will apply. */
export async function updateDomain(
  tx: Tx,
  domain: DomainRow,
  changes: Updateable<DomainsTable>,
  now: Date,
): Promise<DomainRow> {
  return await tx.updateTable("app.domains")
    .set((set) => ({ ...changes, version: set("version", "+", 1), updated_at: now }))
    .where("structure_id", "=", domain.structure_id).where("id", "=", domain.id)
    .returningAll().executeTakeFirstOrThrow();
}

/** Closes every domain of a structure that is not closed yet, as a new version each. */
export async function closeDomains(
  tx: Tx,
  structureId: string,
  values: { reason: string; now: Date },
): Promise<DomainRow[]> {
  return await tx.updateTable("app.domains")
    .set((set) => ({
      status: "closed",
      closed_at: values.now,
      closing_reason: values.reason,
      version: set("version", "+", 1),
      updated_at: values.now,
    }))
    .where("structure_id", "=", structureId).where("status", "<>", "closed").returningAll().execute();
}

export async function countOpenMailboxes(tx: Tx, domain: DomainRow): Promise<number> {
  const row = await tx.selectFrom("app.mailboxes").select((count) => count.fn.countAll<number>().as("count"))
    .where("structure_id", "=", domain.structure_id).where("domain_id", "=", domain.id)
    .where("status", "<>", "closed").executeTakeFirstOrThrow();
  return Number(row.count);
}

export interface DomainFilter {
  readonly q?: string | undefined;
  readonly status?: DomainRow["status"] | undefined;
  readonly isDescending: boolean;
}

/** The domains of a structure by name. One more than the page, to know whether there is another. */
export async function listDomains(
  tx: Tx,
  structureId: string,
  page: PageRequest,
  filter: DomainFilter,
): Promise<DomainRow[]> {
  let query = tx.selectFrom("app.domains").selectAll().where("structure_id", "=", structureId)
    .orderBy("name", filter.isDescending ? "desc" : "asc").limit(page.limit + 1);
  if (filter.status !== undefined) query = query.where("status", "=", filter.status);
  if (filter.q !== undefined) {
    query = query.where("name", "like", containing(filter.q.toLowerCase()));
  }
  if (page.after !== undefined) {
    query = query.where("name", filter.isDescending ? "<" : ">", page.after[1] ?? "");
  }
  return await query.execute();
}

/** The domain of this name in this structure, held in share until the transaction ends: it cannot be closed meanwhile. */
export async function findDomainByName(
  tx: Tx,
  structureId: string,
  name: string,
): Promise<DomainRow | undefined> {
  return await tx.selectFrom("app.domains").selectAll().where("structure_id", "=", structureId)
    .where("name", "=", name).forShare().executeTakeFirst();
}

/** Whether `name` lies under an active domain of this structure. In a scope that sees the structure. */
export async function isUnderDomainOf(tx: Tx, structureId: string, name: string): Promise<boolean> {
  const row = await tx.selectFrom("app.domains").select("id").where("structure_id", "=", structureId)
    .where("status", "=", "active").where(sql<boolean>`right(${name}, length(name) + 1) = '.' || name`)
    .executeTakeFirst();
  return row !== undefined;
}
