import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checkBatch } from "../../../api/bulk/mod.ts";
import { newImport, runToEnd, sendFile } from "../../support/batches.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatPs, newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("an import file", () => {
  let harness: Harness;
  let tenant: Tenant;
  let admin: Visitor;
  const linesOf = async (id: string, filter = "") =>
    (await admin.get(`/api/v1/batches/${id}/lines?limit=200${filter}`)).body.items;

  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(async () => await harness.close());
  beforeEach(async () => {
    tenant = await newTenant(harness);
    admin = tenant.administrator;
  });

  it("is looked over first: what would be created, changed, closed, left alone, and what is wrong where", async () => {
    const box = await newMailbox(harness, tenant, { localPart: "cardio" });
    await newMailbox(harness, tenant, { localPart: "urgences" });
    await newMailbox(harness, tenant, { localPart: "ancien" });
    const rpps = newIdNatPs().slice(1);
    const id = await newImport(
      harness,
      tenant,
      [
        "operation;adresse;type;titulaire_rpps;nom;prenom;libelle;service;quota_mo",
        `creer;anne.allard@${tenant.domain};PER;${rpps};ALLARD;Anne;;;512`,
        `modifier;cardio@${tenant.domain};;;;;Cardiologie;Pôle cœur;`,
        `fermer;ancien@${tenant.domain};;;;;;;`,
        `;urgences@${tenant.domain};ORG;;;;;;`,
        `creer;bad..address@${tenant.domain};ORG;;;;;;`,
        `creer;x@elsewhere.mssante.test;BAL;;;;;;12x`,
        `creer;cardio@${tenant.domain};ORG;;;;;;`,
      ].join("\r\n"),
    );
    const batch = (await admin.get(`/api/v1/batches/${id}`)).body;
    expect(batch).toMatchObject({
      state: "ready",
      lineCount: 7,
      counts: { create: 1, change: 1, close: 1, unchanged: 1, error: 3 },
      progress: { total: 3, done: 0, checked: 7 },
    });
    const lines = await linesOf(id);
    expect(lines.map((one: { line: number; state: string }) => [one.line, one.state])).toEqual([
      [2, "create"],
      [3, "change"],
      [4, "close"],
      [5, "unchanged"],
      [6, "error"],
      [7, "error"],
      [8, "error"],
    ]);
    expect(lines[0].after).toMatchObject({
      type: "PER",
      holderIdNatPs: `8${rpps}`,
      displayName: "Anne ALLARD",
      quotaBytes: 512 * 1_048_576,
    });
    expect(lines[1]).toMatchObject({
      mailboxId: box.id,
      before: { displayName: "", service: "" },
      after: { displayName: "Cardiologie", service: "Pôle cœur" },
    });
    expect(lines[4].errors).toMatchObject([{ column: "adresse", code: "invalid" }]);
    expect(lines[5].errors.map((one: { column: string }) => one.column)).toEqual(["type", "quota_mo"]);
    // On line 8 an address is asked for that stands on line 3 as well: the first one keeps it.
    expect(lines[6].errors).toMatchObject([{ column: "adresse", code: "duplicate-line" }]);
    expect((await linesOf(id, "&state=error")).length).toBe(3);
    const [{ count } = { count: -1 }] = await harness.database.rows(
      "select count(*)::int as count from app.mailboxes where structure_id = $1",
      [tenant.structureId],
    );
    expect(count).toBe(3);
  });

  it("creates, changes and closes what the dry run said, each box with its row in the trail and its job", async () => {
    await newMailbox(harness, tenant, { localPart: "cardio" });
    await newMailbox(harness, tenant, { localPart: "ancien" });
    const holder = newIdNatPs();
    const id = await newImport(
      harness,
      tenant,
      [
        "operation,adresse,type,titulaire_rpps,nom,prenom,libelle,liste_rouge,alias",
        `creer,anne.allard@${tenant.domain},PER,${holder},ALLARD,Anne,,oui,a.allard@${tenant.domain}`,
        `modifier,cardio@${tenant.domain},,,,,Cardiologie,,`,
        `fermer,ancien@${tenant.domain},,,,,,,`,
      ].join("\n"),
    );
    const done = await runToEnd(harness, tenant, id);
    expect(done.body).toMatchObject({ state: "done", progress: { total: 3, done: 3, failed: 0 } });
    const boxes = await harness.database.rows(
      "select id, address, status, display_name, red_list, aliases, purge_at > now() as kept from app.mailboxes where structure_id = $1 order by address",
      [tenant.structureId],
    );
    expect(boxes).toMatchObject([
      { status: "closing", kept: true },
      {
        status: "active",
        display_name: "Anne ALLARD",
        red_list: true,
        aliases: [`a.allard@${tenant.domain}`],
      },
      { status: "active", display_name: "Cardiologie" },
    ]);
    for (const [place, action] of ["mailbox.close", "mailbox.create", "mailbox.change"].entries()) {
      const rows = await harness.database.rows(
        "select action, actor_person_id, reason from app.audit_events where subject_id = $1 order by id desc limit 1",
        [boxes[place]?.id],
      );
      expect(rows).toMatchObject([{ action, actor_person_id: admin.personId }]);
      expect(String(rows[0]?.reason)).toContain(id);
    }
    const jobs = await harness.database.rows("select key from graphile_worker.jobs where key = any($1)", [
      boxes.map((box) => `mailbox:${box.id}`),
    ]);
    expect(jobs).toHaveLength(3);
    const people = await harness.database.rows("select family_name from app.people where id_nat_ps = $1", [
      holder,
    ]);
    expect(people).toEqual([{ family_name: "ALLARD" }]);
  });

  it("with 1 % bad lines: the bad are named, corrected in place, and all are run once", async () => {
    const rows = Array.from({ length: 200 }, (_, place) => {
      const bad = place % 100 === 50;
      return `box${place}@${tenant.domain};${bad ? "BOITE" : "ORG"};Service ${place}`;
    });
    const id = await newImport(harness, tenant, ["adresse;type;service", ...rows].join("\n"));
    const refused = await admin.post(`/api/v1/batches/${id}/run`, { skipErrors: false });
    expect([refused.status, refused.body.type.split("/").pop(), refused.body.count]).toEqual([
      409,
      "batch-has-errors",
      2,
    ]);
    for (const line of await linesOf(id, "&state=error")) {
      expect(line.errors).toMatchObject([{ column: "type", code: "invalid" }]);
      const fixed = await admin.send(`/api/v1/batches/${id}/lines/${line.line}`, {
        method: "PATCH",
        body: JSON.stringify({ fields: { type: "ORG" } }),
        headers: { "content-type": "application/json" },
      });
      expect(await fixed.json()).toMatchObject({ line: line.line, state: "create", errors: [] });
    }
    const done = await runToEnd(harness, tenant, id);
    expect(done.body).toMatchObject({
      state: "done",
      counts: { create: 200, error: 0 },
      progress: { done: 200 },
    });
    // Again: harmless, whoever repeats it.
    expect((await runToEnd(harness, tenant, id)).body.progress).toEqual(done.body.progress);
    const [{ count } = { count: 0 }] = await harness.database.rows(
      "select count(*)::int as count from app.mailboxes where structure_id = $1",
      [tenant.structureId],
    );
    expect(count).toBe(200);
  });

  it("frees a line that was a duplicate once the other is corrected", async () => {
    const id = await newImport(
      harness,
      tenant,
      ["adresse;type", `same@${tenant.domain};ORG`, `same@${tenant.domain};ORG`].join("\n"),
    );
    expect((await linesOf(id)).map((one: { state: string }) => one.state)).toEqual(["create", "error"]);
    await admin.send(`/api/v1/batches/${id}/lines/2`, {
      method: "PATCH",
      body: JSON.stringify({ fields: { adresse: `other@${tenant.domain}` } }),
      headers: { "content-type": "application/json" },
    });
    expect((await linesOf(id)).map((one: { state: string }) => one.state)).toEqual(["create", "create"]);
  });

  it("leaves alone a box that somebody has changed between the dry run and the run", async () => {
    const box = await newMailbox(harness, tenant, { localPart: "cardio" });
    const id = await newImport(
      harness,
      tenant,
      [
        "operation;adresse;service;type",
        `modifier;cardio@${tenant.domain};Neuf;`,
        `creer;neu@${tenant.domain};;ORG`,
      ]
        .join("\n"),
    );
    const other = await harness.signIn({
      memberships: [{ structureId: tenant.structureId, role: "mailbox_manager" }],
    });
    await other.post(`/api/v1/mailboxes/${box.id}/suspension`, { reason: "absent" });
    await newMailbox(harness, tenant, { localPart: "neu" });
    const done = await runToEnd(harness, tenant, id);
    expect(done.body).toMatchObject({ state: "done", progress: { done: 0, failed: 2 } });
    expect((await linesOf(id)).map((one: { errors: { code: string }[] }) => one.errors[0]?.code)).toEqual([
      "changed-meanwhile",
      "address-taken",
    ]);
    const [row] = await harness.database.rows("select service, status from app.mailboxes where id = $1", [
      box.id,
    ]);
    expect(row).toEqual({ service: "", status: "suspended" });
    // Looked at again, it can be run on top.
    expect((await admin.post(`/api/v1/batches/${id}/check`, { lines: "failed" })).body.state).toBe(
      "checking",
    );
    await checkBatch(harness.system, { structureId: tenant.structureId, batchId: id });
    const again = await runToEnd(harness, tenant, id);
    expect(again.body).toMatchObject({
      state: "done",
      counts: { change: 1, error: 1 },
      progress: { done: 1 },
    });
  });

  it("stops at the quota: what fits is made, what does not fit is named, and can be run once there is room", async () => {
    const rows = Array.from({ length: 7 }, (_, place) => `q${place}@${tenant.domain};ORG`);
    const id = await newImport(harness, tenant, ["adresse;type", ...rows].join("\n"));
    await harness.database.rows("update app.structures set quota_mailboxes = 4 where id = $1", [
      tenant.structureId,
    ]);
    const done = await runToEnd(harness, tenant, id);
    expect(done.body).toMatchObject({ state: "done", progress: { done: 4, failed: 3 } });
    const failed = await linesOf(id, "&outcome=failed");
    expect(failed.map((one: { errors: { code: string }[] }) => one.errors[0]?.code)).toEqual(
      Array(3).fill("quota-mailboxes-exceeded"),
    );
    await harness.database.rows("update app.structures set quota_mailboxes = 7 where id = $1", [
      tenant.structureId,
    ]);
    await admin.post(`/api/v1/batches/${id}/check`, { lines: "failed" });
    await checkBatch(harness.system, { structureId: tenant.structureId, batchId: id });
    expect((await runToEnd(harness, tenant, id)).body.progress).toMatchObject({ done: 7, failed: 0 });
  });

  it("is refused as a whole when it cannot be understood, by line or column", async () => {
    const pointers = async (file: string | Uint8Array<ArrayBuffer>) => {
      const answer = await sendFile(admin, tenant.structureId, file);
      expect(answer.status).toBe(422);
      return answer.body.errors.map((one: { pointer: string }) => one.pointer);
    };
    expect(await pointers("")).toEqual(["/lines/1"]);
    expect(await pointers("type;couleur;type\nORG;bleu;ORG")).toEqual([
      "/columns/2",
      "/columns/3",
      "/columns/adresse",
    ]);
    expect(await pointers("adresse;type")).toEqual(["/lines/2"]);
    expect(await pointers("adresse;type\na;b;c")).toEqual(["/lines/2"]);
    const long = `adresse\n${"a@b\n".repeat(20_001)}`;
    const tooLong = await sendFile(admin, tenant.structureId, long);
    expect([tooLong.status, tooLong.body.limit]).toEqual([422, 20_000]);
    const large = await sendFile(admin, tenant.structureId, new Uint8Array(10_485_761));
    expect([large.status, large.body.limitBytes]).toEqual([413, 10_485_760]);
    // Elsewhere CSV is no body.
    const wrongPlace = await admin.send("/api/v1/structures", {
      method: "POST",
      body: "a;b",
      headers: { "content-type": "text/csv" },
    });
    expect(wrongPlace.status).toBe(415);
  });

  it("may come from an old spreadsheet, under an Idempotency-Key, and with cells that look like formulas", async () => {
    const text = `adresse;type;service;libelle\nsoins@${tenant.domain};ORG;Pôle été;'=1+1\n`;
    const file = Uint8Array.from([...text], (one) => one.charCodeAt(0));
    const headers = { "idempotency-key": crypto.randomUUID() };
    const first = await sendFile(admin, tenant.structureId, file, headers);
    const again = await sendFile(admin, tenant.structureId, file, headers);
    expect([first.status, again.status, again.body.id]).toEqual([201, 201, first.body.id]);
    await checkBatch(harness.system, { structureId: tenant.structureId, batchId: first.body.id });
    const [line] = await linesOf(first.body.id);
    expect(line.after).toMatchObject({ service: "Pôle été", displayName: "=1+1" });
  });
});
