import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Context } from "../../../api/context.ts";
import { createDatabase, createPool } from "../../../api/database/pool.ts";
import { inSystem } from "../../../api/database/in-tenant.ts";
import { sweepGrants } from "../../../api/oauth/mod.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { until } from "../../support/until.ts";
import { Program, redirectUri, type Tokens } from "./program.ts";

const script = fileURLToPath(new URL("./sweep-process.ts", import.meta.url));
const keptDays = 7;
const total = 20_000;

describe("what a program was given", () => {
  let harness: Harness;
  let operator: Visitor;
  let person: Visitor;
  let program: Program;
  let worker: Context;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    harness = await openHarness();
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
    person = await harness.signIn();
    const clientId = `p${crypto.randomUUID()}`;
    await operator.post("/api/v1/oauth-clients", {
      kind: "native",
      clientId,
      name: "Programme",
      redirectUris: [redirectUri],
    });
    program = new Program(harness, clientId);
    worker = {
      ...harness.system,
      db: createDatabase(createPool(harness.database.configOf("mss_worker"))),
      actor: { kind: "system", job: "sweep-grants" },
    };
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await worker.db.destroy();
    await harness.close();
  });

  beforeEach(async () => {
    person = await harness.signIn();
    for (const table of ["codes", "grants"]) await harness.database.rows(`delete from app.oauth_${table}`);
  });

  const count = async (table: string) =>
    Number((await harness.database.rows(`select count(*) from app.oauth_${table}`))[0]?.count);
  /** Families with a token of each kind and a code. */
  const make = (many: number, endedDaysAgo: number) =>
    harness.database.rows(
      `with made as (insert into app.oauth_grants (client_id, person_id, scope, created_at, expires_at)
         select (select id from app.oauth_clients limit 1), $1, 'mail', at - interval '1 hour', at
         from generate_series(1, $2), (select $4::timestamptz - make_interval(days => $3::int) as at) t returning id, expires_at),
       access as (insert into app.oauth_access_tokens (token_hash, grant_id, created_at, expires_at)
         select uuid_send(gen_random_uuid()), id, expires_at, expires_at from made),
       refresh as (insert into app.oauth_refresh_tokens (token_hash, grant_id, created_at, expires_at)
         select uuid_send(gen_random_uuid()), id, expires_at, expires_at from made)
       insert into app.oauth_codes (code_hash, client_id, person_id, session_id, redirect_uri, code_challenge, scope, created_at, expires_at, grant_id)
         select uuid_send(gen_random_uuid()), (select id from app.oauth_clients limit 1), $1, (select id from app.sessions limit 1), '', '', '', expires_at, expires_at, id from made`,
      [person.personId, many, endedDaysAgo, harness.clock.now()],
    );

  it("goes so many days after its end with all its tokens, and not before", async () => {
    const [live, ended] = [
      (await program.redeem(await program.code(person))).body as Tokens,
      (await program.redeem(await program.code(person))).body as Tokens,
    ];
    await program.post("/oauth/revoke", { token: ended.refresh_token, client_id: program.clientId });
    await program.code(person); // Never redeemed.
    await make(10, keptDays - 1);
    await sweepGrants(worker, keptDays);
    expect(await count("grants")).toBe(12);
    await harness.database.rows("update app.oauth_grants set revoked_at = $1 where revoked_at is not null", [
      new Date(harness.clock.now().getTime() - (keptDays + 1) * 86_400_000),
    ]);
    await sweepGrants(worker, keptDays);
    expect([await count("grants"), await count("refresh_tokens"), await count("codes")]).toEqual([
      11,
      11,
      12,
    ]);
    // Days beyond the end of what lives, so that its reuse would be known until then.
    harness.clock.pass((keptDays - 1) * 86_400);
    await sweepGrants(worker, keptDays);
    expect((await program.refresh(live.refresh_token)).body).toEqual({ error: "invalid_grant" });
    expect(await count("grants")).toBe(1);
    harness.clock.pass(2 * 86_400);
    await sweepGrants(worker, keptDays);
    for (const table of ["grants", "access_tokens", "refresh_tokens", "codes"]) {
      expect(await count(table)).toBe(0);
    }
  });

  it("that lives keeps all that tells of a second use, however old", async () => {
    const code = await program.code(person);
    const first = (await program.redeem(code)).body as Tokens;
    const { body: second } = await program.refresh(first.refresh_token);
    // As where families live for weeks, by a setting.
    await harness.database.rows("update app.oauth_codes set expires_at = expires_at - interval '30 days'");
    await harness.database.rows(
      "update app.oauth_refresh_tokens set used_at = used_at - interval '30 days' where used_at is not null",
    );
    await sweepGrants(worker, keptDays);
    expect((await program.redeem(code)).body).toEqual({ error: "invalid_grant" });
    expect(await program.opens(second.access_token)).toBe(false);
    const other = (await program.redeem(await program.code(person))).body as Tokens;
    const { body: next } = await program.refresh(other.refresh_token);
    await harness.database.rows(
      "update app.oauth_refresh_tokens set used_at = used_at - interval '30 days' where used_at is not null",
    );
    await sweepGrants(worker, keptDays);
    expect((await program.refresh(other.refresh_token)).body).toEqual({ error: "invalid_grant" });
    expect(await program.opens(next.access_token)).toBe(false);
  });

  it(`goes in parts of which a killed worker leaves whole ones: ${total} families`, async () => {
    // The worker has a clock of its own.
    await make(total, keptDays + 30);
    const { url, password } = harness.database.configOf("mss_worker");
    const child = spawn(process.execPath, ["run", "-A", script], {
      env: { ...process.env, TEST_DATABASE_URL: url, TEST_DATABASE_PASSWORD: password },
      stdio: "ignore",
    });
    children.push(child);
    await until("a part is swept", async () => await count("grants") < total, 20);
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    const left = await until("what it had begun is over", async () => {
      const open = await harness.database.rows(
        "select 1 from pg_stat_activity where datname = current_database() and usename = 'mss_worker' and state <> 'idle'",
      );
      return open.length === 0 ? await count("grants") : undefined;
    });
    expect(left).toBeGreaterThan(0);
    for (const table of ["access_tokens", "refresh_tokens", "codes"]) expect(await count(table)).toBe(left);

    // Meanwhile people go on: what another transaction holds is passed over, and nothing is waited for.
    person = await harness.signIn();
    const tokens = (await program.redeem(await program.code(person))).body as Tokens;
    await inSystem(harness.system, async (tx) => {
      await tx.selectFrom("app.oauth_grants").select("id").where("expires_at", "<", harness.clock.now())
        .limit(1)
        .forUpdate().execute();
      await sweepGrants(worker, keptDays);
      expect(await count("grants")).toBe(2);
      expect((await program.refresh(tokens.refresh_token)).status).toBe(200);
    });
    await sweepGrants(worker, keptDays);
    expect(await count("grants")).toBe(1);
  }, 60_000);
});
