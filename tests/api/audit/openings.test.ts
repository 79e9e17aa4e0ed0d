import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordOpening } from "../../../api/audit/mod.ts";
import type { Context } from "../../../api/context.ts";
import type { Box } from "../../../api/jmap-gateway/accounts.ts";
import { createOpenings } from "../../../api/jmap-gateway/openings.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatPs, newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("the opening of a box by somebody else than its holder", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  let holder: Visitor;
  let box: { id: string; structure_id: string };
  const idNatPs = newIdNatPs();
  const openings = (id: string) => `/api/v1/mailboxes/${id}/openings`;
  const contextOf = (person: Visitor, sessionId: string, name = "Alix AUTRE"): Context => ({
    ...harness.system,
    actor: {
      kind: "person",
      personId: person.personId,
      sessionId,
      displayName: name,
      idNatPs: null,
      operatorRoles: [],
      memberships: [],
    },
  });
  const asBox = (relation: Box["relation"]) =>
    ({ id: box.id, structureId: box.structure_id, relation }) as unknown as Box;
  const traced = async () =>
    await harness.database.rows(
      "select 1 from app.audit_events where action = 'mailbox.open' and subject_id = $1",
      [box.id],
    );

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
    holder = await harness.signIn({ idNatPs });
  });
  afterAll(async () => await harness.close());

  it("stands in the trail once per session, whichever processes meet it, and its holder sees it", async () => {
    box = await newMailbox(harness, tenant, { type: "PER", holderIdNatPs: idNatPs });
    const delegate = await harness.signIn();
    const session = crypto.randomUUID();
    const processes = [createOpenings(), createOpenings()];
    const ctx = contextOf(delegate, session);
    await Promise.all(
      processes.flatMap((one) => [one.note(ctx, asBox("delegate")), one.note(ctx, asBox("delegate"))]),
    );
    expect(processes[0]!.note(ctx, asBox("delegate"))).toBeUndefined();
    expect(await traced()).toHaveLength(1);
    await processes[0]!.note(contextOf(delegate, crypto.randomUUID()), asBox("delegate"));
    expect(await traced()).toHaveLength(2);
    const { status, body } = await holder.get(openings(box.id));
    expect(status).toBe(200);
    expect(body.items).toHaveLength(2);
    expect(body.items[0]).toEqual({
      at: harness.clock.now().toISOString(),
      actorKind: "person",
      actorId: delegate.personId,
      actorLabel: "Alix AUTRE",
      relation: "delegate",
    });
  });

  it("is none when it is the holder, who is remembered as having been there", async () => {
    box = await newMailbox(harness, tenant, { type: "PER", holderIdNatPs: newIdNatPs() });
    await createOpenings().note(contextOf(holder, crypto.randomUUID()), asBox("holder"));
    expect(await traced()).toHaveLength(0);
    await expect.poll(async () =>
      (await harness.database.rows("select last_authenticated_at as at from app.mailboxes where id = $1", [
        box.id,
      ]))[0]?.at
    ).not.toBeNull();
  });

  it("is refused when it cannot be traced, and tried again by the next call", async () => {
    box = await newMailbox(harness, tenant);
    const gateway = createOpenings();
    const member = contextOf(await harness.signIn(), crypto.randomUUID());
    await harness.database.rows(
      "alter table app.audit_events add constraint broken check (action <> 'mailbox.open') not valid",
    );
    try {
      await expect(gateway.note(member, asBox("member"))).rejects.toThrow();
    } finally {
      await harness.database.rows("alter table app.audit_events drop constraint broken");
    }
    await gateway.note(member, asBox("member"));
    expect(await traced()).toHaveLength(1);
  });

  it("is seen by who runs the structure, not by its support, a colleague, or another structure", async () => {
    box = await newMailbox(harness, tenant, { type: "PER", holderIdNatPs: newIdNatPs() });
    const session = { sessionId: crypto.randomUUID(), relation: "delegate" as const };
    await recordOpening(contextOf(holder, session.sessionId), {
      structureId: tenant.structureId,
      mailboxId: box.id,
      ...session,
    });
    expect((await tenant.administrator.get(openings(box.id))).body.items).toHaveLength(1);
    const support = await harness.signIn({ operatorRoles: ["operator_support"] });
    expect((await support.get(openings(box.id))).body.type).toMatch(/forbidden$/);
    for (
      const [visitor, id] of [[holder, box.id], [other.administrator, box.id], [
        holder,
        crypto.randomUUID(),
      ]] as const
    ) {
      expect((await visitor.get(openings(id))).body.type).toMatch(/mailbox-not-found$/);
    }
  });
});
