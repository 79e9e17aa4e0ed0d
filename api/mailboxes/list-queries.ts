/** Lists of boxes: filters, search, order, and where the next page begins. */
import { containing } from "../database/like.ts";
import { type RawBuilder, sql } from "kysely";
import type { Tx } from "../database/in-tenant.ts";
import type { PageRequest } from "../http/paginate.ts";
import { invalidRequest } from "../problems.ts";
import type { MailboxType } from "./holder.ts";
import type { MailboxState } from "./mailbox-states.ts";
import type { MailboxRow } from "./queries.ts";

/** By what a list may be ordered; with `-` in front the other way round. */
export const mailboxSorts = [
  "address",
  "displayName",
  "type",
  "status",
  "quotaBytes",
  "createdAt",
  "updatedAt",
  "lastAuthenticatedAt",
] as const;
export type MailboxSortField = (typeof mailboxSorts)[number];
export type MailboxSort = MailboxSortField | `-${MailboxSortField}`;

export interface MailboxFilter {
  /** Words that must all stand in the address, an alias, the name, the description, the service or the person responsible. */
  readonly q?: string | undefined;
  readonly type?: MailboxType | undefined;
  readonly status?: MailboxState | undefined;
  readonly provisioning?: MailboxRow["provisioning"] | undefined;
  readonly domainId?: string | undefined;
  /** A time in ISO 8601: not opened since then, or never although the box is older. */
  readonly inactiveSince?: string | undefined;
}

export type ListedMailbox = MailboxRow & { readonly sort_key: string };

interface Order {
  readonly key: RawBuilder<unknown>;
  /** The key as the cursor carries it; a time always in UTC, whatever the connection's zone. */
  readonly text: RawBuilder<string>;
  /** What the key's text is cast to, to be compared. */
  readonly cast: RawBuilder<unknown>;
  readonly isKey: (text: string) => boolean;
}

const anyText = () => true;
const isNumber = (text: string) => /^\d{1,18}$/.test(text);
/** As PostgreSQL writes a time with zone, `-infinity` being "never". */
const isTime = (text: string) =>
  text === "-infinity+00" || (/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00$/.test(text) &&
    !Number.isNaN(Date.parse(text.replace(" ", "T").replace("+00", "Z"))));
function plain(
  key: RawBuilder<unknown>,
  cast = sql`text`,
  isKey: (text: string) => boolean = anyText,
): Order {
  return { key, text: sql<string>`${key}::text`, cast, isKey };
}
function time(column: string): Order {
  const key = sql`coalesce(${sql.ref(column)}, '-infinity')`;
  return {
    key,
    text: sql<string>`(${key} at time zone 'UTC')::text || '+00'`,
    cast: sql`timestamptz`,
    isKey: isTime,
  };
}

const orders: Readonly<Record<MailboxSortField, Order>> = {
  // Written in lower case, and by its own index.
  address: plain(sql.ref("address")),
  displayName: plain(sql`lower(display_name)`),
  type: plain(sql.ref("type")),
  status: plain(sql.ref("status")),
  quotaBytes: plain(sql.ref("quota_bytes"), sql`bigint`, isNumber),
  createdAt: time("created_at"),
  updatedAt: time("updated_at"),
  lastAuthenticatedAt: time("last_authenticated_at"),
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Every word of a search as a pattern for LIKE, folded by the database as the searched text was. */
export function searchPatterns(q: string): string[] {
  return q.split(/\s+/).filter((word) => word !== "").slice(0, 8)
    .map(containing);
}

/**
 * The boxes of a structure, or with `all` of every structure (in the operator's scope). One more than the page, to know
 * whether there is another. Throws `invalid-request` for a cursor of another order.
 */
export async function listMailboxes(
  tx: Tx,
  structureId: string | "all",
  page: PageRequest,
  sort: MailboxSort,
  filter: MailboxFilter,
): Promise<ListedMailbox[]> {
  const isDown = sort.startsWith("-");
  const { key, text: asText, cast, isKey } = orders[(isDown ? sort.slice(1) : sort) as MailboxSortField];
  let query = tx.selectFrom("app.mailboxes").selectAll()
    .select(asText.as("sort_key"))
    .limit(page.limit + 1);
  if (structureId !== "all") query = query.where("structure_id", "=", structureId);
  if (filter.type !== undefined) query = query.where("type", "=", filter.type);
  if (filter.status !== undefined) query = query.where("status", "=", filter.status);
  if (filter.provisioning !== undefined) query = query.where("provisioning", "=", filter.provisioning);
  if (filter.domainId !== undefined) query = query.where("domain_id", "=", filter.domainId);
  if (filter.inactiveSince !== undefined) {
    query = query.where("status", "<>", "closed")
      .where(
        sql<boolean>`coalesce(last_authenticated_at, created_at) < ${filter.inactiveSince}::timestamptz`,
      );
  }
  const words = searchPatterns(filter.q ?? "").map((pattern) => sql`search_text like app.fold(${pattern})`);
  if (words.length > 0) {
    // Under policies PostgreSQL does not look at a column's statistics for LIKE and takes every word for a rare one: it would
    // read and sort the whole structure for a page. Of a CASE it supposes half of the rows.
    query = query.where(sql<boolean>`case when ${sql.join(words, sql` and `)} then true else false end`);
  }
  if (page.after !== undefined) {
    const [value = "", id = ""] = page.after;
    if (!isKey(value) || !uuid.test(id)) {
      throw invalidRequest([{ pointer: "/query/cursor", detail: "is not a cursor of this order" }]);
    }
    const place = sql`(${value.replace("-infinity+00", "-infinity")}::${cast}, ${id}::uuid)`;
    query = query.where(
      isDown ? sql<boolean>`(${key}, id) < ${place}` : sql<boolean>`(${key}, id) > ${place}`,
    );
  }
  const direction = isDown ? sql`desc` : sql`asc`;
  return await query.orderBy(sql`${key} ${direction}`).orderBy(sql`id ${direction}`)
    .execute() as ListedMailbox[];
}
