import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { closeAtOnce, newIdNatPs, newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("creating a mailbox", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  let operator: Visitor;
  const path = () => `/api/v1/structures/${tenant.structureId}/mailboxes`;
  let serial = 0;
  const box = (changes: Record<string, unknown> = {}) => ({
    address: `box${serial++}@${tenant.domain}`,
    type: "ORG",
    ...changes,
  });

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  });
  afterAll(async () => await harness.close());

  it("answers the box as pending, admits its mail at once and leaves the account to a job", async () => {
    const holderIdNatPs = newIdNatPs();
    const answer = await tenant.administrator.post(
      path(),
      box({ type: "PER", holderIdNatPs, displayName: "  Dr Zoé  PETIT " }),
    );
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      type: "PER",
      holderIdNatPs,
      displayName: "Dr Zoé  PETIT",
      status: "active",
      quotaBytes: 2_147_483_648,
      provisioning: { status: "pending", reason: null },
      version: 1,
    });
    expect(answer.headers.get("etag")).toBe('"1"');
    expect(answer.headers.get("location")).toBe(`/api/v1/mailboxes/${answer.body.id}`);
    const recipients = await harness.database.rows(
      "select name from mail_directory.recipient where address = $1",
      [
        answer.body.address,
      ],
    );
    expect(recipients).toEqual([{ name: answer.body.address }]);
    const jobs = await harness.database.rows(
      "select task_identifier from graphile_worker.jobs where key = $1",
      [`mailbox:${answer.body.id}`],
    );
    expect(jobs).toEqual([{ task_identifier: "apply-mailbox" }]);
    const audit = await harness.database.rows(
      "select action, structure_id, actor_person_id, after from app.audit_events where subject_id = $1",
      [answer.body.id],
    );
    expect(audit).toMatchObject([{
      action: "mailbox.create",
      structure_id: tenant.structureId,
      actor_person_id: tenant.administrator.personId,
      after: { address: answer.body.address, holderIdNatPs },
    }]);
  });

  it.each(["domain_administrator", "mailbox_manager"] as const)(
    "is for a %s of the structure too",
    async (role) => {
      const person = await harness.signIn({ memberships: [{ structureId: tenant.structureId, role }] });
      expect((await person.post(path(), box())).status).toBe(201);
    },
  );

  it("is for the operator's administrator, and for no other of its roles", async () => {
    expect((await operator.post(path(), box())).status).toBe(201);
    for (const role of ["operator_support", "auditor"] as const) {
      const person = await harness.signIn({ operatorRoles: [role] });
      const answer = await person.post(path(), box());
      expect([answer.status, answer.body.type]).toEqual([403, "http://localhost:8480/problems/forbidden"]);
    }
  });

  it("is refused to a plain user of the structure, who sees it", async () => {
    const user = await harness.signIn({ memberships: [{ structureId: tenant.structureId, role: "user" }] });
    expect((await user.post(path(), box())).body.type).toMatch(/\/forbidden$/);
  });

  it("answers another structure's administrator as if the structure did not exist", async () => {
    const foreign = await other.administrator.post(path(), box());
    const missing = await other.administrator.post(
      `/api/v1/structures/${crypto.randomUUID()}/mailboxes`,
      box(),
    );
    expect(foreign.status).toBe(404);
    expect({ ...foreign.body, instance: "" }).toEqual({ ...missing.body, instance: "" });
  });

  it("takes what the directory is told of it, and says so", async () => {
    const said = { redList: true, preferredRank: 2, phone: "+33 1 23 45 67 89", dematerialisation: true };
    const { status, body } = await tenant.administrator.post(path(), box(said));
    expect([status, body]).toEqual([201, expect.objectContaining({ ...said, depublishedAt: null })]);
    const plain = await tenant.administrator.post(path(), box());
    expect(plain.body).toMatchObject({
      redList: false,
      preferredRank: null,
      phone: "",
      dematerialisation: false,
    });
  });

  it("lower-cases the address", async () => {
    const answer = await tenant.administrator.post(
      path(),
      box({ address: `Marie.Curie@${tenant.domain.toUpperCase()}` }),
    );
    expect(answer.body.address).toBe(`marie.curie@${tenant.domain}`);
  });

  it.each([
    ["a Cyrillic look-alike", "сlaire", /U\+0441, a Cyrillic look-alike/],
    ["a Greek look-alike", "ρaul", /U\+03C1, a Greek look-alike/],
    ["an accent", "rené", /U\+00E9/],
    ["a full-width letter", "ａnne", /full-width/],
    ["a zero-width character", "an\u200bne", /invisible/],
    ["a space", "an ne", /a space/],
    ["two dots", "a..b", /in a row/],
    ["a dot at the end", "a.", /begin and end/],
    ["a plus sign", "a+b", /may hold letters/],
    ["65 characters", "a".repeat(65), /64 characters/],
    ["nothing", "", /nothing before/],
    ["postmaster", "postmaster", /reserved/],
    ["a second @", "a@b", /exactly one @/],
  ])("refuses an address with %s and says why", async (_name, localPart, reason) => {
    const answer = await tenant.administrator.post(path(), box({ address: `${localPart}@${tenant.domain}` }));
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toEqual([{ pointer: "/address", detail: expect.stringMatching(reason) }]);
  });

  it("names all wrong fields at once", async () => {
    const answer = await tenant.administrator.post(path(), {
      address: 7,
      type: "PERS",
      displayName: "x".repeat(129),
      description: "a\u0000b",
      service: "s".repeat(91),
      responsible: "line\nbreak",
      quotaBytes: -1,
      surprise: true,
    });
    expect(answer.status).toBe(422);
    const pointers = answer.body.errors.map((error: { pointer: string }) => error.pointer).sort();
    expect(pointers).toEqual(
      [
        "/address",
        "/description",
        "/displayName",
        "/quotaBytes",
        "/responsible",
        "/service",
        "/surprise",
        "/type",
      ],
    );
  });

  it.each([
    ["a PER box without holder", { type: "PER" }, "/holderIdNatPs"],
    [
      "a PER box whose holder has a wrong RPPS key",
      { type: "PER", holderIdNatPs: "810000000000" },
      "/holderIdNatPs",
    ],
    [
      "a PER box whose holder is an RPPS without its 8",
      { type: "PER", holderIdNatPs: "10000000011" },
      "/holderIdNatPs",
    ],
    ["an ORG box with a holder", { type: "ORG", holderIdNatPs: newIdNatPs() }, "/holderIdNatPs"],
    [
      "a PER box with somebody responsible",
      { type: "PER", holderIdNatPs: newIdNatPs(), responsible: "X" },
      "/responsible",
    ],
  ])("refuses %s", async (_name, changes, pointer) => {
    const answer = await tenant.administrator.post(path(), box(changes));
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  });

  it("answers a neighbour's domain and nobody's domain alike", async () => {
    const foreign = await tenant.administrator.post(path(), box({ address: `a@${other.domain}` }));
    const missing = await tenant.administrator.post(path(), box({ address: "a@nowhere.mssante.test" }));
    expect([foreign.status, foreign.body.type]).toEqual([409, missing.body.type]);
    expect(foreign.body).toMatchObject({ title: missing.body.title, domain: other.domain });
  });

  it("gives an address once: of twenty at the same time one gets it", async () => {
    const address = `rush@${tenant.domain}`;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => tenant.administrator.post(path(), box({ address }))),
    );
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
    for (const answer of answers.filter((one) => one.status !== 201)) {
      expect(answer.body).toMatchObject({ status: 409, title: "Address already in use", address });
    }
    const rows = await harness.database.rows(
      "select count(*)::int as count from app.addresses where address = $1",
      [address],
    );
    expect(rows).toEqual([{ count: 1 }]);
  });

  it("never gives a closed box's address again", async () => {
    const { id, address } = await newMailbox(harness, tenant);
    await closeAtOnce(harness, id);
    await harness.database.rows("update app.addresses set kind = 'closed' where mailbox_id = $1", [id]);
    expect((await tenant.administrator.post(path(), box({ address }))).body.type).toMatch(
      /mailbox-address-taken$/,
    );
  });

  it("leaves nothing behind when it fails", async () => {
    const address = `half@${tenant.domain}`;
    await harness.database.rows(
      "insert into app.addresses (address, structure_id, mailbox_id, kind) values ($1, $2, $3, 'alias')",
      [address, tenant.structureId, (await newMailbox(harness, tenant)).id],
    );
    const before = await harness.database.rows("select count(*) from graphile_worker.jobs");
    expect((await tenant.administrator.post(path(), box({ address }))).status).toBe(409);
    expect(await harness.database.rows("select id from app.mailboxes where address = $1", [address])).toEqual(
      [],
    );
    expect(await harness.database.rows("select count(*) from graphile_worker.jobs")).toEqual(before);
  });

  it("is refused in a suspended structure", async () => {
    const suspended = await newTenant(harness);
    await operator.post(`/api/v1/structures/${suspended.structureId}/suspension`, { reason: "Impayé" });
    const answer = await suspended.administrator.post(
      `/api/v1/structures/${suspended.structureId}/mailboxes`,
      box({ address: `a@${suspended.domain}` }),
    );
    expect(answer.body.type).toMatch(/structure-suspended$/);
  });
});
