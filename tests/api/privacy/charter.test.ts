import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newTenant } from "../../support/tenants.ts";

describe("the charter", () => {
  let harness: Harness;
  let operator: Visitor;
  beforeAll(async () => {
    harness = await openHarness();
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  });
  afterAll(async () => await harness.close());

  const publish = async (text: string) => {
    const version = crypto.randomUUID();
    return await operator.post("/api/v1/privacy/charters", { version, title: "Charte", text });
  };

  it("is accepted in the version in force, with its hash and the level of the sign-in as proof", async () => {
    const charter = (await publish("Nul ne prête sa carte.\n")).body;
    const person = await harness.signIn();
    expect((await person.get("/api/v1/privacy/charter")).body).toMatchObject({ charter, acceptedAt: null });
    const accept = () => person.post("/api/v1/privacy/charter/acceptance", { charterId: charter.id });
    expect((await accept()).status).toBe(201);
    expect((await accept()).status).toBe(201);
    const rows = await harness.database.rows(
      "select encode(a.sha256, 'hex') as sha256, s.acr = a.acr as same_level from app.charter_acceptances a join app.sessions s using (person_id) where person_id = $1",
      [person.personId],
    );
    const digest = await crypto.subtle.digest(
      "SHA-256",
      new TextEncoder().encode("Nul ne prête sa carte.\n"),
    );
    expect(rows).toEqual([{ sha256: new Uint8Array(digest).toHex(), same_level: true }]);
    expect((await person.get("/api/v1/privacy/charter")).body.acceptedAt).not.toBeNull();
    const { items } = (await operator.get("/api/v1/privacy/charters")).body;
    expect(items[0]).toMatchObject({ id: charter.id, acceptanceCount: 1 });
  });

  it("asks again when a newer version is published, and takes no word for the old one", async () => {
    const old = (await publish("Version 1")).body;
    const person = await harness.signIn();
    await person.post("/api/v1/privacy/charter/acceptance", { charterId: old.id });
    await publish("Version 2");
    expect((await person.get("/api/v1/privacy/charter")).body.acceptedAt).toBeNull();
    const late = await person.post("/api/v1/privacy/charter/acceptance", { charterId: old.id });
    expect(late.body.type).toMatch(/charter-outdated$/);
  });

  it("once published never changes: the version is taken, and no role may update it", async () => {
    const { version } = (await publish("Texte")).body;
    const again = await operator.post("/api/v1/privacy/charters", {
      version,
      title: "Charte",
      text: "Autre",
    });
    expect(again.body).toMatchObject({ status: 409, version });
    const granted = await harness.database.rows(
      "select privilege_type from information_schema.role_table_grants where table_name in ('charters', 'charter_acceptances', 'consents') and grantee = 'mss_api' and privilege_type in ('UPDATE', 'DELETE')",
    );
    expect(granted).toEqual([]);
  });

  it("accepted by a structure's administrator completes the structure's opening", async () => {
    const { structureId, administrator } = await newTenant(harness);
    const charter = (await publish("Texte")).body;
    await administrator.post("/api/v1/privacy/charter/acceptance", { charterId: charter.id });
    const structure = (await operator.get(`/api/v1/structures/${structureId}`)).body;
    expect(structure.onboarding.charterAccepted).toBe(true);
  });

  it("is published by the operator's administrator alone", async () => {
    const { administrator } = await newTenant(harness);
    for (const visitor of [administrator, await harness.signIn({ operatorRoles: ["operator_support"] })]) {
      const answer = await visitor.post("/api/v1/privacy/charters", { version: "x", title: "x", text: "x" });
      expect(answer.body).toMatchObject({ status: 403, action: "charter.publish" });
    }
  });
});

describe("a consent", () => {
  let harness: Harness;
  beforeAll(async () => void (harness = await openHarness()));
  afterAll(async () => await harness.close());

  it("is not given until it is, is withdrawn as easily, and every decision stays", async () => {
    const person = await harness.signIn();
    const path = "/api/v1/privacy/consents";
    const news = async () =>
      (await person.get(path)).body.items.find((one: { purpose: string }) => one.purpose === "service-news");
    expect(await news()).toMatchObject({ isGiven: false, decidedAt: null });
    await person.post(path, { purpose: "service-news", isGiven: true });
    expect(await news()).toMatchObject({ isGiven: true });
    await person.post(path, { purpose: "service-news", isGiven: false });
    expect(await news()).toMatchObject({ isGiven: false });
    const rows = await harness.database.rows(
      "select is_given from app.consents where person_id = $1 order by id",
      [person.personId],
    );
    expect(rows).toEqual([{ is_given: true }, { is_given: false }]);
  });

  it("names its purpose: another is refused", async () => {
    const person = await harness.signIn();
    const answer = await person.post("/api/v1/privacy/consents", { purpose: "profilage", isGiven: true });
    expect(answer.body.errors).toMatchObject([{ pointer: "/purpose" }]);
  });
});
