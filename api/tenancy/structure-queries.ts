import { containing } from "../database/like.ts";
import { sql, type Updateable } from "kysely";
import { enqueueMailboxes } from "../database/enqueue.ts";
import type { Tx } from "../database/in-tenant.ts";
import type { StructuresTable } from "../database/schema.ts";
import { onUnique } from "../database/unique.ts";
import type { PageRequest } from "../http/paginate.ts";
import { problem } from "../problems.ts";
import type { StructureRow } from "./queries.ts";

export interface StructureValues {
  readonly idNatStruct: string;
  readonly name: string;
  readonly resellerId: string | null;
  readonly quotaMailboxes: number | null;
  readonly quotaBytes: number | null;
  readonly now: Date;
}

/** Throws `structure-identifier-taken`. */
export async function insertStructure(tx: Tx, values: StructureValues): Promise<StructureRow> {
  return await onUnique(
    "structures__id_nat_struct",
    () => problem("structure-identifier-taken", { idNatStruct: values.idNatStruct }),
    () =>
      tx.insertInto("app.structures")
        .values({
          id_nat_struct: values.idNatStruct,
          name: values.name,
          reseller_id: values.resellerId,
          quota_mailboxes: values.quotaMailboxes,
          quota_bytes: values.quotaBytes,
          created_at: values.now,
          updated_at: values.now,
        })
        .returningAll().executeTakeFirstOrThrow(),
  );
}

/** Writes these columns as a new version. */
export async function updateStructure(
  tx: Tx,
  structureId: string,
  changes: Updateable<StructuresTable>,
  now: Date,
): Promise<StructureRow> {
  return await tx.updateTable("app.structures")
    .set((set) => ({ ...changes, version: set("version", "+", 1), updated_at: now }))
    .where("id", "=", structureId).returningAll().executeTakeFirstOrThrow();
}

/** How many structures that are not closed this one administers. In the platform's scope: they are other tenants. */
export async function countChildren(tx: Tx, resellerId: string): Promise<number> {
  const row = await tx.selectFrom("app.structures").select((count) => count.fn.countAll<number>().as("count"))
    .where("reseller_id", "=", resellerId).where("status", "<>", "closed").executeTakeFirstOrThrow();
  return Number(row.count);
}

/** A structure with what is there already of what it needs to work. */
export type StructureView = StructureRow & {
  readonly has_domain: boolean;
  readonly has_administrator: boolean;
};

/**
 * Adds to each structure how far it has been set up. Runs in a scope that sees them whole: the structure's own, the
 * operator's, or the platform's.
 */
export async function viewStructures(tx: Tx, rows: readonly StructureRow[]): Promise<StructureView[]> {
  if (rows.length === 0) return [];
  const found = await tx.selectFrom("app.structures as s").select([
    "s.id",
    sql<boolean>`exists (select from app.domains d where d.structure_id = s.id and d.status <> 'closed')`.as(
      "has_domain",
    ),
    sql<boolean>`exists (select from app.memberships m
      where m.structure_id = s.id and m.role = 'structure_administrator')`.as("has_administrator"),
  ]).where("s.id", "in", rows.map((row) => row.id)).execute();
  const byId = new Map(found.map((one) => [one.id, one]));
  return rows.map((row) => ({ has_domain: false, has_administrator: false, ...byId.get(row.id), ...row }));
}

export async function viewStructure(tx: Tx, row: StructureRow): Promise<StructureView> {
  const [view] = await viewStructures(tx, [row]);
  return view ?? { ...row, has_domain: false, has_administrator: false };
}

/** What the list may be sorted by, with the expression that is compared and how its value stands in a cursor. */
const sortKeys = {
  name: { column: sql`name`, type: sql`text`, key: (row: StructureRow) => row.name },
  createdAt: {
    // As JavaScript says it: milliseconds.
    column: sql`date_trunc('milliseconds', created_at)`,
    type: sql`timestamptz`,
    key: (row: StructureRow) => row.created_at.toISOString(),
  },
  usedMailboxes: {
    column: sql`used_mailboxes`,
    type: sql`integer`,
    key: (row: StructureRow) => String(row.used_mailboxes),
  },
  usedBytes: {
    column: sql`used_bytes`,
    type: sql`bigint`,
    key: (row: StructureRow) => String(row.used_bytes),
  },
};
export type StructureSortField = keyof typeof sortKeys;

/** `-name`: by name, the last first. */
export function toStructureSort(
  sort: StructureSortField | `-${StructureSortField}`,
): { readonly sortBy: StructureSortField; readonly isDescending: boolean } {
  const isDescending = sort.startsWith("-");
  return { sortBy: sort.slice(isDescending ? 1 : 0) as StructureSortField, isDescending };
}

/** Whether a cursor's value can be compared with this field: the database would not read another. */
export function isSortValue(field: StructureSortField, value: string): boolean {
  if (field === "name") return true;
  if (field === "createdAt") {
    return /^\d{4}-\d{2}-\d{2}T[\d:.]{8,12}Z$/.test(value) && !Number.isNaN(Date.parse(value));
  }
  return /^\d{1,15}$/.test(value) && (field === "usedBytes" || Number(value) < 2 ** 31);
}

export interface StructureFilter {
  readonly q?: string | undefined;
  readonly status?: StructureRow["status"] | undefined;
  readonly resellerId?: string | undefined;
  readonly sortBy: StructureSortField;
  readonly isDescending: boolean;
}

/** The cursor's parts of a row, after the sort's own name. */
export function structureCursor(row: StructureRow, field: StructureSortField): readonly string[] {
  return [sortKeys[field].key(row), row.id];
}

/** The structures of `ids`, or all of them. One more than the page, to know whether there is another. */
export async function listStructures(
  tx: Tx,
  page: PageRequest,
  ids: readonly string[] | "all",
  filter: StructureFilter,
): Promise<StructureRow[]> {
  if (ids !== "all" && ids.length === 0) return [];
  const { column, type } = sortKeys[filter.sortBy];
  const direction = filter.isDescending ? "desc" : "asc";
  let query = tx.selectFrom("app.structures").selectAll()
    .orderBy(column, direction).orderBy(sql`id::text`, direction).limit(page.limit + 1);
  if (ids !== "all") query = query.where("id", "in", [...ids]);
  if (filter.status !== undefined) query = query.where("status", "=", filter.status);
  if (filter.resellerId !== undefined) query = query.where("reseller_id", "=", filter.resellerId);
  for (const word of searchWords(filter.q)) {
    const pattern = containing(word);
    query = query.where(
      sql<boolean>`(search_text like ${pattern} or exists (select from app.domains d
        where d.structure_id = structures.id and d.name like ${pattern}))`,
    );
  }
  if (page.after !== undefined) {
    const [, value = "", id = ""] = page.after;
    const than = filter.isDescending ? sql`<` : sql`>`;
    query = query.where(sql<boolean>`(${column}, id::text) ${than} (${value}::${type}, ${id})`);
  }
  return await query.execute();
}

/** Words as the column `search_text` holds them: in lower case and without accents. */
function searchWords(q: string | undefined): readonly string[] {
  const plain = (q ?? "").normalize("NFD").replaceAll(/[\u0300-\u036f]/g, "").toLowerCase();
  return plain.split(/\s+/).filter((word) => word !== "");
}

/**
 * Makes every open box of the structure, or of one of its domains, pending again and adds its job: their state follows
 * the structure's and the domain's. One statement each: a structure may have ten thousand.
 */
export async function reapplyMailboxes(
  tx: Tx,
  structureId: string,
  now: Date,
  domainId?: string,
): Promise<void> {
  let update = tx.updateTable("app.mailboxes")
    .set((set) => ({
      version: set("version", "+", 1),
      provisioning: "pending",
      provisioning_reason: null,
      updated_at: now,
    }))
    .where("structure_id", "=", structureId).where("status", "<>", "closed");
  if (domainId !== undefined) update = update.where("domain_id", "=", domainId);
  const rows = await update.returning("id").execute();
  await enqueueMailboxes(tx, structureId, rows.map((row) => row.id));
}
