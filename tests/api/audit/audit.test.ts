import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recordAudit } from "../../../api/audit/mod.ts";
import { inSystem } from "../../../api/database/in-tenant.ts";
import { suspendMailbox } from "../../../api/mailboxes/mod.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("the audit trail", () => {
  let harness: Harness;
  let tenant: Tenant;

  beforeAll(async () => {
    harness = await openHarness();
    tenant = await newTenant(harness);
  });
  afterAll(async () => await harness.close());

  it.each(["mss_api", "mss_worker"] as const)("can only grow under %s", async (role) => {
    const client = await harness.database.connect(role);
    await client.query("begin");
    await client.query("select set_config('app.scope', 'system', true)");
    expect((await client.query("select 1 from app.audit_events")).rowCount).toBeGreaterThan(0);
    for (
      const query of [
        "update app.audit_events set reason = 'x'",
        "delete from app.audit_events",
        "truncate app.audit_events",
      ]
    ) {
      await client.query("savepoint probe");
      await expect(client.query(query)).rejects.toMatchObject({ code: "42501" });
      await client.query("rollback to savepoint probe");
    }
    await client.query("rollback");
  });

  it("and the act stand or fall together: a row that cannot be written undoes the change", async () => {
    await harness.database.rows(
      "alter table app.audit_events add constraint broken check (action <> 'mailbox.suspend') not valid",
    );
    try {
      const box = await newMailbox(harness, tenant);
      const answer = await tenant.administrator.post(`/api/v1/mailboxes/${box.id}/suspension`, {
        reason: "Test",
      });
      expect(answer.body).toEqual({
        type: "http://localhost:8480/problems/internal-error",
        title: "Something went wrong here",
        status: 500,
        instance: expect.stringMatching(/^urn:uuid:/),
      });
      const rows = await harness.database.rows("select status, version from app.mailboxes where id = $1", [
        box.id,
      ]);
      expect(rows).toEqual([{ status: "active", version: "1" }]);
      const logged = harness.logLines.find((line) => line.includes("request.failed"));
      expect(logged).toContain(answer.headers.get("x-request-id"));
    } finally {
      await harness.database.rows("alter table app.audit_events drop constraint broken");
    }
  });

  it("never holds a secret: fields that are not permitted by name are left out", async () => {
    const box = await newMailbox(harness, tenant);
    const secret = crypto.randomUUID();
    await harness.database.rows("update app.mailboxes set client_secret_hash = '{SSHA512}x' where id = $1", [
      box.id,
    ]);
    await suspendMailbox(harness.system, { mailboxId: box.id, reason: "Essai" });
    await inSystem(harness.system, (tx) =>
      recordAudit(tx, harness.system, {
        action: "session.start",
        subject: { kind: "session", id: "1" },
        after: { acr: "eidas1", token: secret, id_token: secret, client_secret_hash: secret },
      }));
    const [row] = await harness.database.rows("select jsonb_agg(to_jsonb(e)) as all from app.audit_events e");
    const text = JSON.stringify(row);
    expect(text).not.toContain(secret);
    expect(text).not.toContain("SSHA512");
    expect(text).toContain("eidas1");
  });
});
