import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { giveAccount, readEnvironmentFile } from "../../../scripts/staff-create.ts";
import { baseUrl, type Harness, openHarness } from "../../support/harness.ts";
import { enrol, StaffBrowser } from "./people.ts";

describe("the command of the first administrator", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(async () => await harness.close());

  const wish = (login: string, isReset = false) => ({
    login,
    givenName: "Camille",
    familyName: "MARTIN",
    roles: ["operator_administrator"],
    isReset,
  });
  /** Its rights are the worker's. */
  const run = (login: string, isReset = false) => giveAccount(harness.system, baseUrl, wish(login, isReset));
  const setUp = async (url: string, login: string) =>
    await enrol(harness, { login, personId: "", link: new URL(url).hash.slice(1) });

  it("gives a link that sets up an administrator of the operator, and leaves a row in the trail", async () => {
    const { browser } = await setUp(await run("premiere"), "premiere");
    expect((await browser.send("GET", "/api/v1/session")).body.roles).toMatchObject([
      { role: "operator_administrator" },
    ]);
    expect((await browser.send("GET", "/api/v1/staff")).status).toBe(200);
    const [row] = await harness.database.rows(
      "select actor_kind, after from app.audit_events where action = 'staff.create' order by id desc limit 1",
    );
    expect(row).toMatchObject({ actor_kind: "system", after: { login: "premiere" } });
  });

  it("gives another link to who lost the first, which is void", async () => {
    const lost = await run("perdu");
    const url = await run("perdu");
    const browser = new StaffBrowser(harness);
    expect((await browser.step("enrolment", { link: new URL(lost).hash.slice(1) })).status).toBe(410);
    await setUp(url, "perdu");
  });

  it("does not touch an account that is set up, unless it is told to", async () => {
    const { browser } = await setUp(await run("seule"), "seule");
    await expect(run("seule")).rejects.toThrow(/--reset/);
    expect(await browser.isSignedIn()).toBe(true);
    await setUp(await run("seule", true), "seule");
    // As any end of a session, within a second.
    harness.clock.pass(2);
    expect(
      (await harness.database.rows("select 1 from app.sessions where end_reason = 'factors-reset'")).length,
    )
      .toBe(1);
  });

  it("says what is wrong with a name", async () => {
    await expect(run("é")).rejects.toThrow(/login/);
  });

  it("reads a file of variables", () => {
    expect(readEnvironmentFile("A=1\n# no\nB=c=d\n\n")).toEqual({ A: "1", B: "c=d" });
  });
});
