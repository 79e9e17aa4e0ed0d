import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newMember, newTenant, type Tenant } from "../../support/tenants.ts";

/** Tables whose rows belong to one structure: a column tells which. */
const tenantColumns: Readonly<Record<string, string>> = {
  structures: "id",
  domains: "structure_id",
  memberships: "structure_id",
  mailboxes: "structure_id",
  addresses: "structure_id",
  mailbox_members: "structure_id",
  mailbox_delegations: "structure_id",
  submissions: "structure_id",
  audit_events: "structure_id",
  audit_links: "chain_id",
  audit_heads: "chain_id",
  webhooks: "structure_id",
  webhook_deliveries: "structure_id",
  structure_people: "structure_id",
  invitations: "structure_id",
  departures: "structure_id",
  service_accounts: "structure_id",
  service_account_keys: "structure_id",
  app_passwords: "structure_id",
  client_certificates: "structure_id",
  client_certificate_mailboxes: "structure_id",
  expiry_reminders: "structure_id",
  batches: "structure_id",
  batch_lines: "structure_id",
  inactivity_settings: "structure_id",
  inactivity_campaigns: "structure_id",
  inactivity_cases: "structure_id",
};
/** What anybody who has signed in may read: the white list is public. */
const readableByAll = new Set(["white_lists", "white_list_entries"]);

describe("row-level security", () => {
  let harness: Harness;
  let mine: Tenant;
  let theirs: Tenant;
  let api: pg.Client;
  let tables: string[];

  const inScope = async <T>(
    scope: string,
    structureId: string,
    personId: string,
    run: () => Promise<T>,
  ): Promise<T> => {
    await api.query("begin");
    try {
      await api.query(
        "select set_config('app.scope', $1, true), set_config('app.structure_id', $2, true), set_config('app.person_id', $3, true)",
        [scope, structureId, personId],
      );
      return await run();
    } finally {
      await api.query("rollback");
    }
  };
  const count = async (table: string, where = "true") =>
    Number((await api.query(`select count(*) as count from app.${table} where ${where}`)).rows[0].count);
  const attempt = async (query: string, values: unknown[] = []): Promise<{ rowCount: number } | string> => {
    await api.query("savepoint probe");
    try {
      return { rowCount: (await api.query(query, values)).rowCount ?? 0 };
    } catch (error) {
      await api.query("rollback to savepoint probe");
      return String((error as { code?: string }).code);
    }
  };

  beforeAll(async () => {
    harness = await openHarness();
    [mine, theirs] = [await newTenant(harness), await newTenant(harness)];
    for (const tenant of [mine, theirs]) {
      const box = await newMailbox(harness, tenant);
      const { person_id: personId } = await newMember(harness, box.id);
      await harness.database.rows(
        `insert into app.mailbox_delegations (structure_id, mailbox_id, person_id, may_read, may_write, may_send_as,
           may_send_on_behalf, may_manage, starts_at) values ($1, $2, $3, true, false, false, false, false, now())`,
        [tenant.structureId, box.id, personId],
      );
      const [webhook] = await harness.database.rows(
        "insert into app.webhooks (structure_id, url, secret) values ($1, 'https://a.example.org/', 'whsec_x') returning id",
        [tenant.structureId],
      );
      await harness.database.rows(
        "insert into app.webhook_deliveries (structure_id, webhook_id, event, body) values ($1, $2, 'webhook.test', '{}')",
        [tenant.structureId, webhook?.id],
      );
      await harness.database.rows(
        "insert into app.submissions (structure_id, mailbox_id, message_id, state) values ($1, $2, 'a@b', 'seen')",
        [tenant.structureId, box.id],
      );
      await harness.database.rows(
        `with batch as (insert into app.batches (structure_id, source, line_count, created_by_kind) values ($1, 'csv', 1, 'system') returning *)
         insert into app.batch_lines (structure_id, batch_id, line, fields) select structure_id, id, 2, '{}' from batch`,
        [tenant.structureId],
      );
      await harness.database.rows(
        `with settings as (insert into app.inactivity_settings values ($1, 335, 30, 30, 30)),
           campaign as (insert into app.inactivity_campaigns (structure_id, notice_after_days, objection_days, depublish_after_days, close_after_days, started_by_kind)
             values ($1, 335, 30, 30, 30, 'system') returning *)
         insert into app.inactivity_cases (structure_id, campaign_id, mailbox_id, last_active_at) select structure_id, id, $2, now() from campaign`,
        [tenant.structureId, box.id],
      );
      const people = [tenant.structureId, tenant.administrator.personId];
      await harness.database.rows(
        "insert into app.invitations (structure_id, person_id, role, expires_at) values ($1, $2, 'user', now())",
        people,
      );
      await harness.database.rows(
        "insert into app.departures (structure_id, person_id, reason, due_at) values ($1, $2, 'Mutation', now())",
        people,
      );
      await harness.database.rows(
        `with account as (insert into app.service_accounts (structure_id, name, scopes) values ($1, 'DPI', '[]') returning id)
         insert into app.service_account_keys (structure_id, service_account_id, prefix, secret_hash)
         select $1, id, 'mss_sk_abcd', sha256(id::text::bytea) from account`,
        [tenant.structureId],
      );
      await harness.database.rows(
        "insert into app.known_places values ($1, sha256(gen_random_uuid()::text::bytea), now(), now())",
        [personId],
      );
      await harness.database.rows(
        `insert into app.app_passwords (structure_id, mailbox_id, person_id, device, secret_hash, may_imap, may_submission, expires_at)
         values ($1, $2, $3, 'Poste', sha256(gen_random_uuid()::text::bytea), true, true, now() + interval '1 day')`,
        [tenant.structureId, box.id, personId],
      );
      await harness.database.rows(
        `with certificate as (insert into app.client_certificates (structure_id, label, subject, issuer, subject_key, issuer_key, serial, sha256, not_after)
           values ($1, 'DPI', 'CN=dpi', 'CN=ca', 'CN=dpi', 'CN=ca', '1', sha256('x'), now() + interval '1 day') returning *),
           boxes as (insert into app.client_certificate_mailboxes (structure_id, certificate_id, mailbox_id) select structure_id, id, $2 from certificate)
         insert into app.expiry_reminders (structure_id, client_certificate_id, mailbox_id, days) select structure_id, id, $2, 1 from certificate`,
        [tenant.structureId, box.id],
      );
    }
    tables = (await harness.database.rows(
      "select relname from pg_class where relnamespace = 'app'::regnamespace and relkind in ('r', 'p') order by 1",
    )).map((row) => String(row.relname));
    api = await harness.database.connect("mss_api");
  });
  afterAll(async () => await harness.close());

  it("is enabled and forced on every table, each with a policy for the platform's own work", async () => {
    expect(tables.length).toBeGreaterThan(15);
    const loose = await harness.database.rows(
      `select relname from pg_class c where relnamespace = 'app'::regnamespace and relkind in ('r', 'p')
         and not (relrowsecurity and relforcerowsecurity
           and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'system'))`,
    );
    expect(loose).toEqual([]);
  });

  it("cannot be gone round by a role of the platform, and none of them owns a table", async () => {
    const roles = await harness.database.rows(
      "select rolname from pg_roles where rolname like 'mss%' and (rolbypassrls or rolsuper)",
    );
    expect(roles).toEqual([]);
    const owned = await harness.database.rows(
      `select relname from pg_class where relnamespace = 'app'::regnamespace
         and relowner in ('mss_api'::regrole, 'mss_worker'::regrole)`,
    );
    expect(owned).toEqual([]);
    const owners = await harness.database.rows(
      "select 1 from pg_auth_members where roleid = 'mail_directory_owner'::regrole",
    );
    expect(owners).toEqual([]);
  });

  it("shows nothing to a transaction that says nothing", async () => {
    await api.query("begin");
    for (const table of tables) {
      expect([table, await attemptCount(table)]).toEqual([table, 0]);
    }
    await api.query("rollback");
    async function attemptCount(table: string): Promise<number> {
      await api.query("savepoint probe");
      try {
        return await count(table);
      } catch {
        await api.query("rollback to savepoint probe");
        return 0; // No right at all: even less.
      }
    }
  });

  it("shows a structure its own rows and no other's", async () => {
    for (const [table, column] of Object.entries(tenantColumns)) {
      const seen = await inScope("structure", mine.structureId, "", async () => ({
        own: await count(table, `${column} = '${mine.structureId}'`),
        all: await count(table),
      }));
      expect([table, seen.own > 0, seen.all]).toEqual([table, true, seen.own]);
    }
    for (const table of tables.filter((one) => !(one in tenantColumns) && one !== "people")) {
      const seen = await inScope(
        "structure",
        mine.structureId,
        "",
        () => attempt(`select 1 from app.${table}`),
      );
      if (!readableByAll.has(table)) expect([table, seen]).toEqual([table, { rowCount: 0 }]);
    }
  });

  it("shows a structure the people who have a role or a box in it and nobody else", async () => {
    const ids = await inScope(
      "structure",
      mine.structureId,
      "",
      async () => (await api.query("select id from app.people")).rows.map((row) => row.id),
    );
    const members = await harness.database.rows(
      `select person_id as id from app.memberships where structure_id = $1
       union select person_id from app.mailbox_members where structure_id = $1`,
      [mine.structureId],
    );
    expect(ids.sort()).toEqual(members.map((row) => row.id).sort());
  });

  it("lets a structure change, remove and insert nothing of another's", async () => {
    await inScope("structure", mine.structureId, "", async () => {
      for (const [table, column] of Object.entries(tenantColumns)) {
        const where = `where ${column} = '${theirs.structureId}'`;
        for (
          const query of [
            `update app.${table} set ${column} = ${column} ${where}`,
            `delete from app.${table} ${where}`,
          ]
        ) {
          const done = await attempt(query);
          expect([query, done === "42501" || (typeof done === "object" && done.rowCount === 0)]).toEqual([
            query,
            true,
          ]);
        }
        // A copy of an own row, moved to the neighbour: refused by the policy or for want of the right.
        const columns = (await harness.database.rows(
          `select attname from pg_attribute where attrelid = 'app.${table}'::regclass and attnum > 0 and not attisdropped
             and attidentity = '' and attgenerated = ''`,
        )).map((row) => String(row.attname));
        const values = columns.map((name) => name === column ? `'${theirs.structureId}'::uuid` : name);
        const query = `insert into app.${table} (${columns}) select ${values} from app.${table} limit 1`;
        expect([query, await attempt(query)]).toEqual([query, "42501"]);
      }
    });
  });

  it("lets nobody read as another by setting the person alone", async () => {
    const { personId } = theirs.administrator;
    await inScope("structure", mine.structureId, personId, async () => {
      expect(await count("sessions")).toBe(0);
      expect(await count("operator_roles")).toBe(0);
    });
  });

  it("forgets its scope with the transaction, so that a pooled connection carries nothing on", async () => {
    await inScope("system", "", "", async () => expect(await count("structures")).toBeGreaterThan(1));
    expect(await count("structures")).toBe(0);
  });

  it("keeps a cross-tenant reference from being stored even by the platform itself", async () => {
    const box = await newMailbox(harness, mine);
    await inScope("system", "", "", async () => {
      const done = await attempt(
        "insert into app.mailbox_members (structure_id, mailbox_id, person_id) values ($1, $2, $3)",
        [theirs.structureId, box.id, mine.administrator.personId],
      );
      expect(done).toBe("23503");
    });
  });

  it("gives the mail server its views and no table", async () => {
    const mail = await harness.database.connect("mail_directory");
    for (
      const view of ["login", "recipient", "sender", "sender_address", "hosted_domain", "allowed_domain"]
    ) {
      await mail.query(`select * from mail_directory.${view} limit 1`);
    }
    for (const table of tables) {
      await expect(mail.query(`select 1 from app.${table}`)).rejects.toMatchObject({ code: "42501" });
    }
    await expect(mail.query("select 1 from graphile_worker.jobs")).rejects.toMatchObject({ code: "42501" });
  });

  it("shows the mail server no secret of a box: only services sign in there", async () => {
    await harness.database.rows("update app.mailboxes set client_secret_hash = '{SSHA512}x'");
    await harness.database.rows(
      "insert into app.mail_services (login, secret_hash) values ('edge@operateur.mssante.test', '{SSHA512}y')",
    );
    const mail = await harness.database.connect("mail_directory");
    const { rows } = await mail.query("select login from mail_directory.login where secret is not null");
    expect(rows).toEqual([{ login: "edge@operateur.mssante.test" }]);
    expect((await mail.query("select 1 from mail_directory.recipient where secret is not null")).rowCount)
      .toBe(0);
  });
});
