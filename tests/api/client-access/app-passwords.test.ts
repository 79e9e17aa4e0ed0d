import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatPs, newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("app passwords", () => {
  let harness: Harness;
  let tenant: Tenant;
  let holder: Visitor;
  let box: { id: string; address: string };
  beforeAll(async () => {
    harness = await openHarness();
    tenant = await newTenant(harness);
    const idNatPs = newIdNatPs();
    holder = await harness.signIn({ idNatPs });
    box = await newMailbox(harness, tenant, { type: "PER", holderIdNatPs: idNatPs });
  });
  afterAll(async () => await harness.close());

  const path = (id: string) => `/api/v1/mailboxes/${id}/app-passwords`;
  const wish = { device: "Thunderbird, poste 3", scopes: ["imap", "submission"] };
  const slug = (answer: { body: { type: string } }) => answer.body.type.split("/").at(-1);
  const openedBy = async ({ personId }: Visitor, rights = "true, false, false") => {
    const made = await newMailbox(harness, tenant);
    await harness.database.rows(
      `insert into app.mailbox_delegations (structure_id, mailbox_id, person_id, may_read, may_write, may_send_as,
         may_send_on_behalf, may_manage, starts_at) values ($1, $2, $3, true, ${rights}, false, now() - interval '1 hour')`,
      [tenant.structureId, made.id, personId],
    );
    return made;
  };

  it("are given to who opens the box, shown once, and kept as a digest of 160 bits of chance", async () => {
    const given = await holder.post(path(box.id), wish, { "idempotency-key": crypto.randomUUID() });
    expect([given.status, given.headers.get("cache-control")]).toEqual([201, "no-store"]);
    expect(given.body).toMatchObject({ address: box.address, ...wish, lastUsedAt: null, status: "live" });
    const { password, id } = given.body;
    expect(password).toMatch(/^([a-z2-9]{8}-){3}[a-z2-9]{8}$/);
    const life = Date.parse(given.body.expiresAt) - harness.clock.now().getTime();
    expect(life).toBe(365 * 86_400_000);
    const listed = await holder.get(path(box.id));
    expect(listed.body.items.map((one: { id: string }) => one.id)).toContain(id);
    expect(listed.text).not.toContain(password);
    const kept = await harness.database.rows(
      `select 1 from app.idempotency_keys k where k::text like $1 union all select 1 from app.audit_events e where e::text like $1
       union all select 1 from app.app_passwords p where p::text like $1`,
      [`%${password}%`],
    );
    expect([kept.length, harness.logLines.join().includes(password)]).toEqual([0, false]);
    const [event] = await harness.database.rows(
      "select actor_person_id, after from app.audit_events where action = 'app-password.create' order by id desc limit 1",
    );
    expect(event).toMatchObject({
      actor_person_id: holder.personId,
      after: { appPasswordId: id, device: wish.device },
    });
  });

  it("are given to nobody for a box that he does not open, whatever his role", async () => {
    const operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
    const stranger = await harness.signIn();
    const other = (await newTenant(harness)).administrator;
    const answers = [];
    for (const visitor of [tenant.administrator, operator, stranger, other]) {
      answers.push(slug(await visitor.post(path(box.id), wish)));
    }
    expect(answers).toEqual(["forbidden", "forbidden", "mailbox-not-found", "mailbox-not-found"]);
    expect((await harness.stranger.post(path(box.id), wish)).status).toBe(401);
  });

  it("give no more than the right of who asks", async () => {
    const reader = await openedBy(holder, "false, false, false");
    const writer = await openedBy(holder, "true, false, false");
    const behalf = await openedBy(holder, "true, false, true");
    const sender = await openedBy(holder, "true, true, false");
    const of = async (id: string, scopes: string[]) => {
      const answer = await holder.post(path(id), { ...wish, scopes });
      return answer.status === 201 ? 201 : slug(answer);
    };
    expect(await of(reader.id, ["imap"])).toBe("mailbox-read-only");
    expect(await of(writer.id, ["imap"])).toBe(201);
    expect(await of(writer.id, ["submission"])).toBe("app-password-beyond-right");
    expect(await of(behalf.id, ["imap", "submission"])).toBe("app-password-beyond-right");
    expect(await of(sender.id, ["imap", "submission"])).toBe(201);
  });

  it("are not given where the structure does not allow them, which is how it begins", async () => {
    const [{ allowed } = { allowed: undefined }] = await harness.database.rows(
      "select column_default as allowed from information_schema.columns where table_name = 'structures' and column_name = 'app_passwords_allowed'",
    );
    expect(allowed).toBe("false");
    const strict = await newTenant(harness);
    await harness.database.rows("update app.structures set app_passwords_allowed = false where id = $1", [
      strict.structureId,
    ]);
    const idNatPs = newIdNatPs();
    const person = await harness.signIn({ idNatPs });
    const own = await newMailbox(harness, strict, { type: "PER", holderIdNatPs: idNatPs });
    expect(slug(await person.post(path(own.id), wish))).toBe("app-passwords-not-allowed");
  });

  it.each([
    ["device", { device: "" }, "/device"],
    ["scope", { scopes: [] }, "/scopes"],
    ["other scope", { scopes: ["pop3"] }, "/scopes/0"],
    ["end in the past", { expiresAt: "2020-01-01T00:00:00Z" }, "/expiresAt"],
    ["end too far away", { expiresAt: "2099-01-01T00:00:00Z" }, "/expiresAt"],
    ["field of its own", { secret: "azerty" }, "/secret"],
  ])("are refused with a wrong %s", async (_what, change, pointer) => {
    const answer = await holder.post(path(box.id), { ...wish, ...change });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, pointer]);
  });

  it("are at most twenty for one person and box", async () => {
    const own = await openedBy(holder);
    const answers = [];
    for (let turn = 0; turn < 21; turn++) {
      answers.push((await holder.post(path(own.id), { ...wish, scopes: ["imap"] })).status);
    }
    expect(answers.filter((status) => status === 201)).toHaveLength(20);
    expect(answers.at(-1)).toBe(409);
  });

  it("are seen and ended by their person and by who runs the structure, and by no other member", async () => {
    const other = await harness.signIn();
    const shared = await newMailbox(harness, tenant);
    for (const { personId } of [holder, other]) {
      await harness.database.rows(
        "insert into app.mailbox_members (structure_id, mailbox_id, person_id) values ($1, $2, $3)",
        [tenant.structureId, shared.id, personId],
      );
    }
    const mine = (await holder.post(path(shared.id), wish)).body.id;
    const theirs = (await other.post(path(shared.id), wish)).body.id;
    const seenBy = async (visitor: Visitor) =>
      (await visitor.get(path(shared.id))).body.items.map((one: { id: string }) => one.id).sort();
    expect(await seenBy(holder)).toEqual([mine]);
    expect(await seenBy(tenant.administrator)).toEqual([mine, theirs].sort());
    expect(slug(await holder.delete(`${path(shared.id)}/${theirs}`))).toBe("app-password-not-found");
    expect((await holder.delete(`${path(shared.id)}/${mine}`)).status).toBe(204);
    expect((await holder.delete(`${path(shared.id)}/${mine}`)).status).toBe(204);
    expect((await tenant.administrator.delete(`${path(shared.id)}/${theirs}`)).status).toBe(204);
    expect(await seenBy(tenant.administrator)).toEqual([]);
    const events = await harness.database.rows(
      "select before from app.audit_events where action = 'app-password.revoke' and subject_id = $1 order by id",
      [shared.id],
    );
    expect(events.map((row) => (row.before as { appPasswordId: string }).appPasswordId)).toEqual([
      mine,
      theirs,
    ]);
  });
});
