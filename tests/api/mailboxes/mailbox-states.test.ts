import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MailboxState, mailboxStates, mayGo } from "../../../api/mailboxes/mailbox-states.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("the state machine of a mailbox", () => {
  let harness: Harness;
  let tenant: Tenant;
  beforeAll(async () => {
    harness = await openHarness();
    tenant = await newTenant(harness);
  });
  afterAll(async () => await harness.close());

  const ways: Record<MailboxState, MailboxState[]> = {
    active: [],
    suspended: ["suspended"],
    closing: ["closing"],
    closed: ["closing", "closed"],
  };
  const set = (id: string, status: MailboxState) =>
    harness.database.rows(
      "update app.mailboxes set status = $2, closing_at = now(), purge_at = now() where id = $1",
      [id, status],
    );

  it("is the same in the code and in the database, which not even its owner can go round", async () => {
    for (const from of mailboxStates) {
      for (const to of mailboxStates.filter((one) => one !== from)) {
        const { id } = await newMailbox(harness, tenant);
        for (const step of ways[from]) await set(id, step);
        const isAccepted = await set(id, to).then(() => true, (error) => {
          expect(error).toMatchObject({ code: "23514", constraint: "mailboxes__state_order" });
          return false;
        });
        expect([from, to, isAccepted]).toEqual([from, to, mayGo(from, to)]);
      }
    }
  });

  it("closes an active box at once only when it has moved, and never changes an address, a type or a structure", async () => {
    const { id } = await newMailbox(harness, tenant);
    const other = await newTenant(harness);
    for (
      const change of [
        `address = 'x@${tenant.domain}'`,
        "type = 'APP'",
        `structure_id = '${other.structureId}', domain_id = '${other.domainId}'`,
      ]
    ) {
      await expect(harness.database.rows(`update app.mailboxes set ${change} where id = $1`, [id]))
        .rejects.toMatchObject({ constraint: "mailboxes__fixed" });
    }
    await harness.database.rows(
      "update app.mailboxes set status = 'closed', moved_to_address = 'x@y.test' where id = $1",
      [id],
    );
    await expect(harness.database.rows("update app.addresses set kind = 'main' where mailbox_id = $1", [id]))
      .rejects.toMatchObject({ constraint: "addresses__kind_order" });
  });
});
