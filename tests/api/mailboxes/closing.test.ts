import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { purgeClosedMailboxes } from "../../../api/mailboxes/mod.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("closing a mailbox and opening it again", () => {
  let harness: Harness;
  let tenant: Tenant;
  let other: Tenant;
  const path = (id: string) => `/api/v1/mailboxes/${id}/closing`;
  const slug = (answer: { body: { type: string } }) => answer.body.type.split("/").at(-1);
  const isAdmitted = async (address: string) =>
    (await harness.database.rows("select 1 from mail_directory.recipient where address = $1", [address]))
      .length === 1;

  beforeAll(async () => {
    harness = await openHarness();
    [tenant, other] = [await newTenant(harness), await newTenant(harness)];
  });
  afterAll(async () => await harness.close());

  it("refuses mail from the commit on and keeps what there is for a year, and all comes back when reopened", async () => {
    const box = await newMailbox(harness, tenant);
    const closed = await tenant.administrator.post(path(box.id), {
      reason: "Fin de contrat",
      confirmAddress: box.address,
    });
    expect(closed.status).toBe(200);
    expect(closed.body).toMatchObject({
      status: "closing",
      closingReason: "Fin de contrat",
      version: 2,
      closedAt: null,
    });
    expect(Date.parse(closed.body.purgeAt) - Date.parse(closed.body.closingAt)).toBe(365 * 86_400_000);
    expect(await isAdmitted(box.address)).toBe(false);
    const again = await tenant.administrator.post(path(box.id), {
      reason: "encore",
      confirmAddress: box.address,
    });
    expect([again.body.version, again.body.closingReason]).toEqual([2, "Fin de contrat"]);
    for (
      const attempt of [
        await tenant.administrator.post(`/api/v1/mailboxes/${box.id}/suspension`, { reason: "x" }),
        await tenant.administrator.delete(`/api/v1/mailboxes/${box.id}/suspension`),
        await tenant.administrator.post(`/api/v1/mailboxes/${box.id}/aliases`, {
          address: `zz@${tenant.domain}`,
        }),
      ]
    ) expect(slug(attempt)).toBe("mailbox-closing");
    const reopened = await tenant.administrator.delete(path(box.id));
    expect(reopened.body).toMatchObject({ status: "active", closingReason: null, purgeAt: null, version: 3 });
    expect(await isAdmitted(box.address)).toBe(true);
    expect((await tenant.administrator.delete(path(box.id))).body.version).toBe(3);
    const trail = await harness.database.rows(
      "select action, reason from app.audit_events where subject_id = $1 and action <> 'mailbox.create' order by id",
      [box.id],
    );
    expect(trail).toEqual([{ action: "mailbox.close", reason: "Fin de contrat" }, {
      action: "mailbox.reopen",
      reason: null,
    }]);
  });

  it("gives a box that was suspended back as suspended", async () => {
    const box = await newMailbox(harness, tenant);
    await tenant.administrator.post(`/api/v1/mailboxes/${box.id}/suspension`, { reason: "Congé" });
    await tenant.administrator.post(path(box.id), { reason: "Fin", confirmAddress: box.address });
    expect((await tenant.administrator.delete(path(box.id))).body).toMatchObject({
      status: "suspended",
      suspensionReason: "Congé",
    });
  });

  it("asks for the address once more, for a reason, and for the version that was seen", async () => {
    const box = await newMailbox(harness, tenant);
    const confirmAddress = box.address;
    expect(
      slug(await tenant.administrator.post(path(box.id), { reason: "x", confirmAddress: "autre@x.test" })),
    ).toBe("address-confirmation-wrong");
    expect((await tenant.administrator.post(path(box.id), { reason: " ", confirmAddress })).body.errors)
      .toMatchObject([{ pointer: "/reason" }]);
    expect(
      slug(
        await tenant.administrator.post(path(box.id), { reason: "x", confirmAddress }, { "if-match": '"9"' }),
      ),
    ).toBe("version-mismatch");
    const support = await harness.signIn({ operatorRoles: ["operator_support"] });
    expect(slug(await support.post(path(box.id), { reason: "x", confirmAddress }))).toBe("forbidden");
    expect(slug(await other.administrator.post(path(box.id), { reason: "x", confirmAddress }))).toBe(
      "mailbox-not-found",
    );
  });

  it("ends when its time is over: the addresses are closed for good, and nothing can be done any more", async () => {
    const box = await newMailbox(harness, tenant);
    const alias = `al${crypto.randomUUID()}@${tenant.domain}`;
    await tenant.administrator.post(`/api/v1/mailboxes/${box.id}/aliases`, { address: alias });
    await tenant.administrator.post(path(box.id), { reason: "Fin", confirmAddress: box.address });
    await purgeClosedMailboxes(harness.system);
    const state = async () =>
      (await harness.database.rows("select status from app.mailboxes where id = $1", [box.id]))[0]?.status;
    expect(await state()).toBe("closing");
    await harness.database.rows(
      "update app.mailboxes set purge_at = now() - interval '1 day' where id = $1",
      [box.id],
    );
    expect(await purgeClosedMailboxes(harness.system)).toBe(1);
    expect(await purgeClosedMailboxes(harness.system)).toBe(0);
    expect((await tenant.administrator.get(`/api/v1/mailboxes/${box.id}`)).body).toMatchObject({
      status: "closed",
      aliases: [],
    });
    expect(slug(await tenant.administrator.delete(path(box.id)))).toBe("mailbox-closed");
    expect(slug(await tenant.administrator.post(path(box.id), { reason: "x", confirmAddress: box.address })))
      .toBe("mailbox-closed");
    const kinds = await harness.database.rows("select kind from app.addresses where mailbox_id = $1", [
      box.id,
    ]);
    expect(kinds.map(({ kind }) => kind)).toEqual(["closed", "closed"]);
    expect(
      await harness.database.rows(
        "select actor_kind, reason from app.audit_events where subject_id = $1 and action = 'mailbox.purge'",
        [box.id],
      ),
    ).toEqual([{ actor_kind: "system", reason: "Fin" }]);
  });
});
