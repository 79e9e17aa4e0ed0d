import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newIdNatPs, newMailbox, newTenant } from "../../support/tenants.ts";
import { enrol, enrolPasskey, invite, password, StaffBrowser } from "./people.ts";

describe("administering the staff's accounts", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(async () => await harness.close());

  const administrator = () => harness.signIn({ operatorRoles: ["operator_administrator"] });
  const newStaff = (login = `n${crypto.randomUUID().slice(0, 8)}`) => ({
    login,
    givenName: "Dominique",
    familyName: "DURAND",
    roles: ["operator_support"],
  });

  it("gives an account with its roles and a link, which is shown once and behind a #", async () => {
    const answer = await (await administrator()).post("/api/v1/staff", newStaff());
    expect(answer.status).toBe(201);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.body).toMatchObject({ status: "invited", roles: ["operator_support"], hasPassword: false });
    const url = new URL(answer.body.enrolmentUrl);
    expect([url.pathname, url.search]).toEqual(["/sign-in", "?staff"]);
    const browser = new StaffBrowser(harness);
    expect((await browser.step("enrolment", { link: url.hash.slice(1) })).status).toBe(200);
    const kept = await harness.database.rows("select * from app.staff_enrolments");
    expect(JSON.stringify(kept)).not.toContain(url.hash.slice(1));
  });

  it("a login is one account's, whatever its letters", async () => {
    const operator = await administrator();
    const { login } = (await operator.post("/api/v1/staff", newStaff())).body;
    const again = await operator.post("/api/v1/staff", newStaff(login.toUpperCase()));
    expect([again.status, again.body.login]).toEqual([409, login]);
  });

  it.each([["", "min"], ["a b", "pattern"], ["a@b@c", "pattern"], ["é.martin", "pattern"]])(
    "refuses the login « %s »",
    async (login) => {
      const answer = await (await administrator()).post("/api/v1/staff", newStaff(login));
      expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, "/login"]);
    },
  );

  it("lists accounts by login, without anything secret", async () => {
    const operator = await administrator();
    const { login } = await enrol(harness);
    const logins: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const { body } = await operator.get(`/api/v1/staff?limit=2${query}`);
      for (const one of body.items) logins.push(one.login);
      cursor = body.nextCursor;
      expect(JSON.stringify(body)).not.toMatch(/argon2|hash|secret/i);
    } while (cursor !== null);
    expect(logins).toContain(login);
    expect(logins).toEqual(logins.toSorted());
  });

  it("a reset voids every factor and ends the sessions at once; the new link sets up anew", async () => {
    const operator = await administrator();
    const member = await enrol(harness);
    harness.clock.pass(60);
    const answer = await operator.post(`/api/v1/staff/${member.personId}/reset`, {
      reason: "Téléphone volé",
    });
    expect([answer.status, answer.body.status]).toEqual([200, "invited"]);
    expect(await member.browser.isSignedIn()).toBe(false);
    const refused = await new StaffBrowser(harness).step("password", { login: member.login, password });
    expect(refused.slug).toBe("staff-sign-in-refused");
    const link = new URL(answer.body.enrolmentUrl).hash.slice(1);
    const again = await enrol(harness, { ...member, link });
    expect(await again.browser.isSignedIn()).toBe(true);
    const [row] = await harness.database.rows(
      "select actor_person_id, reason from app.audit_events where action = 'staff.reset' and subject_id = $1",
      [member.personId],
    );
    expect(row).toEqual({ actor_person_id: operator.personId, reason: "Téléphone volé" });
  });

  it("a reset voids the link that was given before", async () => {
    const operator = await administrator();
    const made = (await operator.post("/api/v1/staff", newStaff())).body;
    await operator.post(`/api/v1/staff/${made.personId}/reset`, { reason: "Lien perdu" });
    const browser = new StaffBrowser(harness);
    const link = new URL(made.enrolmentUrl).hash.slice(1);
    expect((await browser.step("enrolment", { link })).slug).toBe("staff-enrolment-invalid");
  });

  it("closing ends factors, roles and sessions for good, and is repeated without harm", async () => {
    const operator = await administrator();
    const member = await enrol(harness);
    const path = `/api/v1/staff/${member.personId}`;
    expect([(await operator.delete(path)).status, (await operator.delete(path)).status]).toEqual([204, 204]);
    expect(await member.browser.isSignedIn()).toBe(false);
    const roles = await harness.database.rows("select 1 from app.operator_roles where person_id = $1", [
      member.personId,
    ]);
    expect(roles).toEqual([]);
    expect((await operator.post(`${path}/reset`, { reason: "x" })).body.type).toMatch(
      /staff-account-closed$/,
    );
    const rows = await harness.database.rows(
      "select 1 from app.audit_events where action = 'staff.close' and subject_id = $1",
      [member.personId],
    );
    expect(rows).toHaveLength(1);
  });

  const rolesOf = async (personId: string) =>
    (await harness.database.rows("select role from app.operator_roles where person_id = $1 order by role", [
      personId,
    ])).map((row) => row["role"]);
  const change = (by: StaffBrowser, personId: string, roles: readonly string[]) =>
    by.send("PUT", `/api/v1/staff/${personId}/roles`, { roles });
  const enrolSupport = async () => await enrol(harness, await invite(harness, ["operator_support"]));

  it("roles given and taken away are in force at the next request, in an open session", async () => {
    const { browser } = await enrol(harness);
    const member = await enrolSupport();
    const may = async () => (await member.browser.send("POST", "/api/v1/staff", newStaff())).status;
    expect(await may()).toBe(403);
    const given = await change(browser, member.personId, ["operator_administrator", "auditor"]);
    expect([given.status, given.body.roles]).toEqual([200, ["auditor", "operator_administrator"]]);
    expect(await may()).toBe(201);
    expect((await change(browser, member.personId, ["auditor"])).status).toBe(200);
    expect(await may()).toBe(403);
    expect(await member.browser.isSignedIn()).toBe(true);
  });

  it("each change of roles is one act with what was and what is; the same again is none", async () => {
    const { browser, personId: by } = await enrol(harness);
    const { personId, login } = await enrolSupport();
    for (let time = 0; time < 2; time++) await change(browser, personId, ["auditor"]);
    const rows = await harness.database.rows(
      "select actor_person_id, before, after from app.audit_events where action = 'staff.change-roles' and subject_id = $1",
      [personId],
    );
    expect(rows).toEqual([{
      actor_person_id: by,
      before: { personId, login, roles: ["operator_support"] },
      after: { personId, login, roles: ["auditor"] },
    }]);
  });

  it("an account has one role at least, and nobody without the right changes any", async () => {
    const operator = await enrol(harness);
    const { browser, personId } = await enrolSupport();
    const none = await change(operator.browser, personId, []);
    expect([none.status, none.body.errors[0].pointer]).toEqual([422, "/roles"]);
    expect((await change(operator.browser, personId, ["structure_administrator"])).status).toBe(422);
    expect((await change(browser, personId, ["operator_administrator"])).status).toBe(403);
    expect((await change(operator.browser, crypto.randomUUID(), ["auditor"])).slug).toBe("person-not-found");
    expect(await rolesOf(personId)).toEqual(["operator_support"]);
  });

  it("the last administrator keeps his role, of two who take it from each other one does", async () => {
    const own = await openHarness();
    try {
      const [one, two] = [await enrol(own), await enrol(own)];
      // Given and not set up yet: lets nobody in, and is nobody to rely on.
      await one.browser.send("POST", "/api/v1/staff", { ...newStaff(), roles: ["operator_administrator"] });
      const answers = await Promise.all([
        change(one.browser, two.personId, ["auditor"]),
        change(two.browser, one.personId, ["auditor"]),
      ]);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const last = answers[0]?.status === 200 ? one : two;
      const refused = await change(last.browser, last.personId, ["auditor"]);
      expect([refused.status, refused.slug]).toEqual([409, "last-administrator"]);
      const also = await last.browser.send(
        "DELETE",
        `/api/v1/operator-roles/${last.personId}/operator_administrator`,
      );
      expect(also.slug).toBe("last-administrator");
      expect((await change(last.browser, last.personId, ["operator_administrator", "auditor"])).status).toBe(
        200,
      );
    } finally {
      await own.close();
    }
  });

  it("nobody resets or closes his own account", async () => {
    const { browser, personId } = await enrol(harness);
    const reset = await browser.send("POST", `/api/v1/staff/${personId}/reset`, { reason: "Moi" });
    expect([reset.status, reset.slug]).toEqual([403, "staff-own-account"]);
    expect((await browser.send("DELETE", `/api/v1/staff/${personId}`)).slug).toBe("staff-own-account");
  });

  it("of two administrators who reset each other at once, one remains", async () => {
    const own = await openHarness();
    try {
      const [one, two] = [await enrol(own), await enrol(own)];
      const answers = await Promise.all([
        one.browser.send("POST", `/api/v1/staff/${two.personId}/reset`, { reason: "Doute" }),
        two.browser.send("POST", `/api/v1/staff/${one.personId}/reset`, { reason: "Doute" }),
      ]);
      expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
    } finally {
      await own.close();
    }
  });

  it("asks for a factor of the last five minutes", async () => {
    const { browser } = await enrolPasskey(harness);
    harness.clock.pass(301);
    const late = await browser.send("POST", "/api/v1/staff", newStaff());
    expect([late.status, late.slug, late.body.method]).toEqual([403, "factor-required", "staff"]);
    const provider = await administrator();
    harness.clock.pass(301);
    expect((await provider.post("/api/v1/staff", newStaff())).body.method).toBe("provider");
  });

  it("the staff is given no box, no membership and no invitation", async () => {
    const { personId } = await enrol(harness);
    const tenant = await newTenant(harness);
    const box = await newMailbox(harness, tenant);
    for (
      const [text, values] of [
        ["insert into app.memberships (structure_id, person_id, role) values ($1, $2, 'user')", [
          tenant.structureId,
          personId,
        ]],
        ["insert into app.mailbox_members (structure_id, person_id, mailbox_id) values ($1, $2, $3)", [
          tenant.structureId,
          personId,
          box.id,
        ]],
      ] as const
    ) {
      await expect(harness.database.rows(text, values)).rejects.toThrow("has no boxes");
    }
    const delegated = await tenant.administrator.post(`/api/v1/mailboxes/${box.id}/delegations`, {
      personId,
      rights: ["read"],
    });
    expect(delegated.status).toBe(404);
    // Somebody else is.
    const other = await tenant.administrator.post(`/api/v1/mailboxes/${box.id}/members`, {
      idNatPs: newIdNatPs(),
    });
    expect(other.status).toBeLessThan(300);
  });
});
