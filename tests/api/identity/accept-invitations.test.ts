import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { invite } from "../../../api/people/invite.ts";
import { newTenant } from "../../support/tenants.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { simulate, type SimulatedPsc } from "./simulated-psc.ts";

let psc: SimulatedPsc;
let platform: Platform;

beforeAll(async () => {
  psc = await simulate([]);
  platform = await openPlatform(psc);
});
afterAll(async () => {
  await platform.close();
  await psc.close();
});

const bruno = { idNatPs: "899900000029", givenName: "B.", familyName: "B." };
const roleIn = async (structureId: string) =>
  await platform.rows(
    `select m.role from app.memberships m join app.people p on p.id = m.person_id
     where p.id_nat_ps = $1 and m.structure_id = $2`,
    [bruno.idNatPs, structureId],
  );

describe("the first sign-in of somebody invited", () => {
  test("gives him his role in each structure, once, and an invitation out of time gives none", async () => {
    const { system } = platform.harness;
    const tenants = [await newTenant(platform.harness), await newTenant(platform.harness)];
    const late = await newTenant(platform.harness);
    for (const { structureId } of tenants) {
      await invite(system, { ...bruno, structureId, role: "mailbox_manager", days: 30 });
    }
    const old = await invite(system, { ...bruno, structureId: late.structureId, role: "user", days: 1 });
    await platform.rows("update app.invitations set expires_at = now() - interval '1 hour' where id = $1", [
      old.id,
    ]);
    const browser = platform.browser();
    await platform.signIn(browser, "bruno-bernard");
    const { roles } = await (await platform.session(browser)).json();
    const given = roles.filter((one: { role: string }) => one.role === "mailbox_manager");
    expect(given.map((one: { structureId: string }) => one.structureId).sort())
      .toEqual(tenants.map((one) => one.structureId).sort());
    expect(await roleIn(late.structureId)).toEqual([]);
    const states = await platform.rows(
      "select status from app.invitations where structure_id = any($1) order by status",
      [[...tenants, late].map((one) => one.structureId)],
    );
    expect(states.map((row) => row.status)).toEqual(["accepted", "accepted", "expired"]);
    const trail = await platform.rows(
      "select structure_id, actor_label from app.audit_events where action = 'invitation.accept' and structure_id = any($1)",
      [tenants.map((one) => one.structureId)],
    );
    expect(trail.map((row) => row.structure_id).sort()).toEqual(tenants.map((one) => one.structureId).sort());
    expect(trail[0]?.actor_label).toBe("Bruno BERNARD");
    await platform.signIn(platform.browser(), "bruno-bernard");
    const again = await platform.rows(
      "select 1 from app.audit_events where action = 'invitation.accept' and structure_id = any($1)",
      [tenants.map((one) => one.structureId)],
    );
    expect(again).toHaveLength(2);
  });

  test("gives nothing in a structure that is suspended, until it is resumed", async () => {
    const { structureId } = await newTenant(platform.harness);
    await invite(platform.harness.system, { ...bruno, structureId, role: "user", days: 30 });
    await platform.rows("update app.structures set status = 'suspended' where id = $1", [structureId]);
    await platform.signIn(platform.browser(), "bruno-bernard");
    expect(await roleIn(structureId)).toEqual([]);
    await platform.rows("update app.structures set status = 'active' where id = $1", [structureId]);
    await platform.signIn(platform.browser(), "bruno-bernard");
    expect(await roleIn(structureId)).toEqual([{ role: "user" }]);
  });
});
