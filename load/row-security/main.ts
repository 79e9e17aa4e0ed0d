/**
 * What row-level security costs the reads (issue 4, "Speed"): the platform's own lists and reads, by the role of the API under
 * its scopes, and by a superuser whom no policy concerns. The same code, connections and statements on both sides, call by
 * call in turns: the medians are compared.
 *
 *   deno run -A load/row-security/main.ts [structures] [boxes of each] [people of each]
 *
 * A private PostgreSQL, migrated and analysed.
 */
import { type Kysely, sql } from "kysely";
import pg from "pg";
import { inOperator, inPerson, inStructure } from "../../api/database/in-tenant.ts";
import { createDatabase, createPool } from "../../api/database/pool.ts";
import type { Database } from "../../api/database/schema.ts";
import { selectOpenableMailboxes } from "../../api/identity/queries.ts";
import { listMailboxes } from "../../api/mailboxes/list-queries.ts";
import { getMailbox } from "../../api/mailboxes/queries.ts";
import { listPeopleOfStructure } from "../../api/people/queries.ts";
import { getStructure } from "../../api/tenancy/mod.ts";
import { listStructures, viewStructures } from "../../api/tenancy/structure-queries.ts";
import { migrateDatabase } from "../../scripts/migrate.ts";
import { unprivilegedAccount } from "../../scripts/stack/packages.ts";
import { findFreePorts } from "../../scripts/stack/ports.ts";
import { databaseName, startPostgres, superuser } from "../../scripts/stack/postgres.ts";
import { rowSecurityThresholds } from "../thresholds.ts";

const [structureCount = 200, boxCount = 250, peopleCount = 100] = Deno.args.map(Number);
const millisecondsEach = 5_000;

interface World {
  readonly structures: readonly string[];
  /** A box, its structure and a person who opens several there. */
  readonly boxes: readonly { readonly id: string; readonly structureId: string }[];
  readonly people: readonly string[];
}
type Read = (db: Kysely<Database>, world: World, turn: number) => Promise<unknown>;

const first = { limit: 50, after: undefined };
const at = <T>(all: readonly T[], turn: number): T => all[turn % all.length]!;

const reads: Readonly<Record<string, Read>> = {
  "one box": (db, { boxes }, turn) => {
    const { id, structureId } = at(boxes, turn);
    return inStructure({ db }, structureId, (tx) => getMailbox(tx, structureId, id));
  },
  "boxes of a structure, 50 by address": (db, { structures }, turn) =>
    inStructure(
      { db },
      at(structures, turn),
      (tx) => listMailboxes(tx, at(structures, turn), first, "address", {}),
    ),
  "boxes of a structure, searched": (db, { structures }, turn) =>
    inStructure(
      { db },
      at(structures, turn),
      (tx) => listMailboxes(tx, at(structures, turn), first, "address", { q: `service ${turn % 9}` }),
    ),
  "boxes of all structures, 50 by address": (db) =>
    inOperator({ db }, (tx) => listMailboxes(tx, "all", first, "address", {})),
  "people of a structure, 50 by name": (db, { structures }, turn) =>
    inStructure(
      { db },
      at(structures, turn),
      (tx) => listPeopleOfStructure(tx, at(structures, turn), first, { sort: "name", words: [] }, new Date()),
    ),
  "one structure": (db, { structures }, turn) =>
    inStructure({ db }, at(structures, turn), (tx) => getStructure(tx, at(structures, turn))),
  "structures, 50 by name": (db) =>
    inOperator({ db }, async (tx) =>
      await viewStructures(
        tx,
        await listStructures(tx, first, "all", { sortBy: "name", isDescending: false }),
      )),
  "boxes that a person opens": (db, { people }, turn) =>
    inPerson({ db }, at(people, turn), (tx) => selectOpenableMailboxes(tx, new Date())),
};

/**
 * What stands against a read that a function answers, which would have its policies for a superuser too: the same rows by
 * one select, written out.
 */
const plainReads: Readonly<Record<string, Read>> = {
  "boxes that a person opens": (db, { people }, turn) =>
    inPerson({ db }, at(people, turn), (tx) =>
      sql`with share as (
            select mailbox_id, null::boolean as may_write from app.mailbox_members where person_id = ${
        at(people, turn)
      }
            union all
            select mailbox_id, may_write from app.mailbox_delegations where person_id = ${
        at(people, turn)
      } and revoked_at is null
               and may_read and starts_at <= now() and (ends_at is null or ends_at > now())
            union all
            select b.id, null from app.mailboxes b join app.people p on p.id_nat_ps = b.holder_id_nat_ps
             where p.id = ${at(people, turn)} and p.status = 'active')
          select b.id, b.structure_id, s.name, b.address, b.display_name, b.type, share.may_write
            from share join app.mailboxes b on b.id = share.mailbox_id join app.structures s on s.id = b.structure_id
            join app.domains d on d.structure_id = b.structure_id and d.id = b.domain_id
           where b.status = 'active' and d.status = 'active' and s.status = 'active'
             and (b.moved_from_address is null or b.moved_at is not null)
           order by b.address`.execute(tx)),
};

const directory = await Deno.makeTempDir({ prefix: "mssante-load-rls-" });
await Deno.chmod(directory, 0o711);
const { postgres: port } = findFreePorts(["postgres"]);
const postgres = await startPostgres({
  directory: `${directory}/postgres`,
  secretsDirectory: `${directory}/secrets`,
  port,
  durable: false,
  runAs: unprivilegedAccount(),
  log: () => {},
});
const { mss_owner: ownerPassword, mss_worker: workerPassword, mss_api: apiPassword } = postgres.passwords;
let isCheap = false;
try {
  await migrateDatabase({ ...postgres.address, database: databaseName, ownerPassword, workerPassword });
  const world = await fill();
  isCheap = await measure(world);
} finally {
  await postgres.kill();
  await Deno.remove(directory, { recursive: true });
}
Deno.exit(isCheap ? 0 : 1);

/** Structures with boxes, aliases none, people who are members of five shared boxes each and hold one of their own. */
async function fill(): Promise<World> {
  const client = new pg.Client({
    ...postgres.address,
    user: superuser,
    password: postgres.superuserPassword,
    database: databaseName,
  });
  await client.connect();
  const ask = async <T>(query: string, ...values: unknown[]) =>
    (await client.query(query, values)).rows as T[];
  await ask(
    `insert into app.structures (id_nat_struct, name)
       select '3' || lpad(i::text, 14, '0'), 'Structure ' || md5(i::text) from generate_series(1, $1::int) i`,
    structureCount,
  );
  await ask(`insert into app.domains (structure_id, name) select id, 's' || right(id_nat_struct, 8) || '.test'
    from app.structures`);
  await ask(
    `insert into app.people (id_nat_ps, given_name, family_name)
       select 'P' || right(s.id_nat_struct, 8) || '-' || i, 'Prénom' || i % 50, 'NOM' || md5(s.name || i)
         from app.structures s, generate_series(1, $1::int) i`,
    peopleCount,
  );
  await ask(`insert into app.memberships (structure_id, person_id, role)
    select s.id, p.id, 'user' from app.structures s
      join app.people p on p.id_nat_ps like 'P' || right(s.id_nat_struct, 8) || '-%'`);
  // The first boxes are the people's own, the others shared.
  const made = await ask<{ id: string; structureId: string }>(
    `insert into app.mailboxes (structure_id, domain_id, address, type, display_name, holder_id_nat_ps, quota_bytes)
       select d.structure_id, d.id, 'boite' || i || '@' || d.name, case when i <= $2 then 'PER' else 'ORG' end, 'Service ' || i,
              case when i <= $2 then 'P' || substr(d.name, 2, 8) || '-' || i end, 1073741824
         from app.domains d, generate_series(1, $1::int) i
     returning id, structure_id as "structureId"`,
    boxCount,
    peopleCount,
  );
  await ask(`insert into app.addresses (address, structure_id, mailbox_id, kind)
    select address, structure_id, id, 'main' from app.mailboxes`);
  await ask(`insert into app.mailbox_members (structure_id, mailbox_id, person_id)
    select b.structure_id, b.id, m.person_id
      from (select *, row_number() over (partition by structure_id order by person_id) as place from app.memberships) m
      join (select *, row_number() over (partition by structure_id order by id) as place from app.mailboxes where type = 'ORG') b
        on b.structure_id = m.structure_id and b.place % 20 = m.place % 20`);
  await ask("analyze");
  const structures = (await ask<{ id: string }>("select id from app.structures")).map((row) => row.id);
  const people = (await ask<{ id: string }>("select id from app.people order by random() limit 500")).map((
    row,
  ) => row.id);
  await client.end();
  return { structures, boxes: made.filter((_box, place) => place % 97 === 0), people };
}

async function measure(world: World): Promise<boolean> {
  const url = (role: string) => `postgres://${role}@${postgres.address.host}:${port}/${databaseName}`;
  const secured = createDatabase(createPool({ url: url("mss_api"), password: apiPassword, poolSize: 2 }));
  const plain = createDatabase(
    createPool({ url: url(superuser), password: postgres.superuserPassword, poolSize: 2 }),
  );
  const { ratioAtLeast } = rowSecurityThresholds;
  let isEnough = true;
  console.log(`${structureCount} structures, ${boxCount} boxes and ${peopleCount} people in each`);
  for (const [name, read] of Object.entries(reads)) {
    const times = { secured: [] as number[], plain: [] as number[] };
    const until = performance.now() + millisecondsEach;
    // Call by call in turns: whatever else the machine does falls on both.
    for (let turn = 0; performance.now() < until; turn++) {
      for (const [side, db] of [["secured", secured], ["plain", plain]] as const) {
        const start = performance.now();
        await (side === "plain" ? plainReads[name] ?? read : read)(db, world, turn);
        if (turn >= 10) times[side].push(performance.now() - start);
      }
    }
    const median = (side: "secured" | "plain") =>
      times[side].toSorted((one, two) => one - two)[times[side].length >> 1] ?? 0;
    const ratio = median("plain") / median("secured");
    isEnough &&= ratio >= ratioAtLeast;
    console.log(
      `${name}: ${median("secured").toFixed(2)} ms, ${median("plain").toFixed(2)} ms without policies: ${
        ratio.toFixed(2)
      }${ratio >= ratioAtLeast ? "" : " – TOO LITTLE"}`,
    );
  }
  await Promise.all([secured.destroy(), plain.destroy()]);
  return isEnough;
}
