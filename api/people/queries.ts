/**
 * People, searched and listed. In a structure the list reads `structure_people`, which the database keeps by itself
 * (migrations/20261121121000_people.sql); the operator's reads everybody.
 */
import { containing } from "../database/like.ts";
import { type RawBuilder, sql } from "kysely";
import type { OperatorRole, StructureRole } from "../context.ts";
import type { Tx } from "../database/in-tenant.ts";
import type { PageRequest } from "../http/paginate.ts";
import { problem } from "../problems.ts";

export const personStatuses = ["active", "invited", "departed", "suspended"] as const;
export type PersonStatus = (typeof personStatuses)[number];

export const personSorts = [
  "name",
  "-name",
  "lastSignedInAt",
  "-lastSignedInAt",
  "createdAt",
  "-createdAt",
] as const;
export type PersonSort = (typeof personSorts)[number];

export interface PersonFilter {
  readonly words: readonly string[];
  readonly status?: PersonStatus | undefined;
  /** In a structure only. */
  readonly role?: StructureRole | undefined;
  readonly sort: PersonSort;
}

export interface PersonRow {
  readonly id: string;
  readonly id_nat_ps: string | null;
  readonly given_name: string;
  readonly family_name: string;
  readonly status: PersonStatus;
  readonly created_at: Date;
  readonly last_signed_in_at: Date | null;
  readonly sort_key: string;
  readonly roles: readonly {
    readonly structureId: string | null;
    readonly role: StructureRole | OperatorRole;
  }[];
  readonly mailboxes: readonly { readonly id: string; readonly address: string }[];
  readonly invitation: PersonInvitation | null;
  readonly departure: PersonDeparture | null;
}

export interface PersonInvitation {
  readonly id: string;
  readonly role: StructureRole;
  readonly status: "pending" | "expired";
  readonly expiresAt: string;
}

export interface PersonDeparture {
  readonly status: "scheduled" | "done";
  readonly dueAt: string;
  readonly reason: string;
}

type Condition = RawBuilder<boolean>;

/** People known to a structure. One more than the page, to know whether there is another. */
export async function listPeopleOfStructure(
  tx: Tx,
  structureId: string,
  page: PageRequest,
  filter: PersonFilter,
  now: Date,
): Promise<readonly PersonRow[]> {
  const conditions = [
    sql<boolean>`known.structure_id = ${structureId}`,
    ...filter.words.map((word) => found(sql`known.search`, word)),
  ];
  if (filter.role !== undefined) {
    conditions.push(sql`exists (select from app.memberships m where m.structure_id = ${structureId}
      and m.person_id = known.person_id and m.role = ${filter.role})`);
  }
  if (filter.status !== undefined) {
    conditions.push(sql`${statusOf(structureId, sql`known.state`, sql`known.person_id`)} = ${filter.status}`);
  }
  const key = sortKey(filter.sort, {
    name: sql`known.sort_name`,
    createdAt: sql`known.person_created_at`,
    lastSignedInAt: sql`known.last_signed_in_at`,
  });
  const chosen = sql`select known.person_id as id, ${key} as sort_key from app.structure_people known
    where ${all([...conditions, ...afterCursor(page, filter.sort, key, sql`known.person_id`)])}
    order by ${order(filter.sort, key, sql`known.person_id`)} limit ${page.limit + 1}`;
  return await describe(tx, chosen, filter.sort, structureId, now);
}

/** Everybody, for the operator. */
export async function listPeople(
  tx: Tx,
  page: PageRequest,
  filter: PersonFilter,
  now: Date,
): Promise<readonly PersonRow[]> {
  const conditions = filter.words.map((word) =>
    sql<boolean>`(${found(sql`person.search`, word)} or person.id in (select known.person_id
      from app.structure_people known where ${found(sql`known.search`, word)}))`
  );
  if (filter.status !== undefined) {
    conditions.push(sql`${statusOf(null, stateOfPerson, sql`person.id`)} = ${filter.status}`);
  }
  const key = sortKey(filter.sort, {
    name: sql`person.sort_name`,
    createdAt: sql`person.created_at`,
    lastSignedInAt: sql`person.last_signed_in_at`,
  });
  const chosen = sql`select person.id, ${key} as sort_key from app.people person
    where ${all([...conditions, ...afterCursor(page, filter.sort, key, sql`person.id`)])}
    order by ${order(filter.sort, key, sql`person.id`)} limit ${page.limit + 1}`;
  return await describe(tx, chosen, filter.sort, null, now);
}

/** Throws `person-not-found`: unknown, or not known to this structure. */
export async function getPersonOfStructure(
  tx: Tx,
  structureId: string,
  personId: string,
  now: Date,
): Promise<PersonRow> {
  const chosen = sql`select known.person_id as id, known.sort_name as sort_key from app.structure_people known
    where known.structure_id = ${structureId} and known.person_id = ${personId}`;
  const [row] = await describe(tx, chosen, "name", structureId, now);
  if (row === undefined) throw problem("person-not-found");
  return row;
}

function found(column: RawBuilder<unknown>, word: string): Condition {
  return sql<boolean>`${column} like app.search_key(${containing(word)})`;
}

function all(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? sql`true` : sql`${sql.join(conditions, sql` and `)}`;
}

function sortKey(
  sort: PersonSort,
  columns: Readonly<Record<"name" | "createdAt" | "lastSignedInAt", RawBuilder<unknown>>>,
): RawBuilder<unknown> {
  const column = sort.replace("-", "") as keyof typeof columns;
  if (column === "name") return columns.name;
  // As text, so that every cursor is compared alike; who never signed in comes first.
  return sql`coalesce(to_char(${columns[column]} at time zone 'UTC', 'YYYYMMDDHH24MISSUS'), '') collate "C"`;
}

function order(sort: PersonSort, key: RawBuilder<unknown>, id: RawBuilder<unknown>): RawBuilder<unknown> {
  return sort.startsWith("-") ? sql`${key} desc, ${id} desc` : sql`${key}, ${id}`;
}

function afterCursor(
  page: PageRequest,
  sort: PersonSort,
  key: RawBuilder<unknown>,
  id: RawBuilder<unknown>,
): Condition[] {
  if (page.after === undefined) return [];
  const [lastKey = "", lastId = ""] = page.after;
  const after = sql`(${lastKey}, ${lastId}::uuid)`;
  return [sort.startsWith("-") ? sql`(${key}, ${id}) < ${after}` : sql`(${key}, ${id}) > ${after}`];
}

/** As `app.structure_people` has it. */
const stateOfPerson = sql`case when person.status = 'suspended' then 'suspended'
  when person.subject is null then 'invited' else 'active' end`;

/** In a structure: who has left it, and only kept a box, has departed. */
function statusOf(
  structureId: string | null,
  state: RawBuilder<unknown>,
  personId: RawBuilder<unknown>,
): RawBuilder<PersonStatus> {
  if (structureId === null) return sql`${state}`;
  return sql`case when ${state} <> 'suspended' and exists (select from app.departures d
      where d.structure_id = ${structureId} and d.person_id = ${personId} and d.status = 'done')
    and not exists (select from app.memberships m where m.structure_id = ${structureId} and m.person_id = ${personId})
    then 'departed' else ${state} end`;
}

/**
 * What is shown of the people that `chosen` (id, sort_key) names: within one structure, or everywhere. The database's own
 * function looks into five tables; its plan is kept.
 */
async function describe(
  tx: Tx,
  chosen: RawBuilder<unknown>,
  sort: PersonSort,
  structureId: string | null,
  now: Date,
): Promise<readonly PersonRow[]> {
  const { rows } = await sql<PersonRow>`with chosen as materialized (${chosen})
    select card.*, chosen.sort_key from app.people_cards(array(select id from chosen), ${structureId}, ${now}) card
      join chosen on chosen.id = card.id order by ${order(sort, sql`chosen.sort_key`, sql`chosen.id`)}`
    .execute(
      tx,
    );
  return rows;
}
