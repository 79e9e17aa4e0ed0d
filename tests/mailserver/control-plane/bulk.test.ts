/** What a worker does of itself with many boxes: an import that ends in mail, and a notice that lies in the inbox. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mailServersAtHand, type Stack, startStack } from "../../support/stack.ts";
import { readInbox } from "../../support/mail-program.ts";
import { until } from "../../support/until.ts";
import { type ControlPlane, deliver, openControlPlane } from "./platform.ts";

describe.each(mailServersAtHand())("many boxes on %s", (mail) => {
  let stack: Stack;
  let plane: ControlPlane;

  beforeAll(async () => {
    stack = await startStack({ mail, hasEdge: true });
    plane = await openControlPlane(stack);
  });
  afterAll(async () => {
    await plane?.close();
    await stack?.stop();
  });

  const letters = async (address: string): Promise<string[]> => {
    const client = await plane.signIn(address);
    try {
      return await readInbox(client);
    } finally {
      await client.logout();
    }
  };

  it("are imported, checked, run and applied; each then has its mail, and the holder his notice", async () => {
    const { structureId, domain } = await plane.newStructure();
    const made = await plane.send("POST", `/api/v1/structures/${structureId}/mailboxes`, {
      address: `premiere@${domain}`,
      type: "ORG",
    });
    const batch = await plane.send("POST", `/api/v1/structures/${structureId}/batches`, {
      action: "change",
      mailboxIds: [made.body.id],
      fields: { service: "Cardiologie", alias: `coeur@${domain}` },
      reason: "Réorganisation",
    });
    const path = `/api/v1/batches/${batch.body.id}`;
    const isIn = (state: string) => async () => (await plane.send("GET", path)).body.state === state;
    await until("the batch is checked", isIn("ready"));
    await plane.send("POST", `${path}/run`, { skipErrors: false });
    await until("the batch has run", isIn("done"));
    const box = async () => (await plane.send("GET", `/api/v1/mailboxes/${made.body.id}`)).body;
    await until("the mail server knows", async () => (await box()).provisioning.status === "applied");
    expect(await box()).toMatchObject({ service: "Cardiologie", aliases: [`coeur@${domain}`] });
    await plane.useClient(made.body.id);
    expect(await deliver(stack, `coeur@${domain}`, "au second nom")).toBe(250);
    await until("the letter is there", async () => (await letters(`premiere@${domain}`)).length === 1);

    await plane.database.query(
      "update app.mailboxes set created_at = now() - interval '2 years', last_authenticated_at = null where id = $1",
      [made.body.id],
    );
    const campaign = await plane.send("POST", `/api/v1/structures/${structureId}/inactivity/campaigns`, {
      confirm: true,
    });
    expect(campaign.body.counts.pending).toBe(1);
    await until("the notice was delivered", async () => {
      const { body } = await plane.send(
        "GET",
        `/api/v1/structures/${structureId}/inactivity/campaigns/${campaign.body.id}`,
      );
      return body.counts.noticed === 1;
    });
    const all = await letters(`premiere@${domain}`);
    expect(all).toHaveLength(2);
    expect(all.filter((raw) => /no-reply@/.test(raw))).toHaveLength(1);
  });

  it("are told of an app password that ends, once, also by a worker that died between the mail and its end", async () => {
    const structure = await plane.newStructure();
    const box = await plane.newMailbox(structure);
    const isApplied = async () =>
      (await plane.send("GET", `/api/v1/mailboxes/${box.id}`)).body.provisioning.status === "applied";
    await until("the mail server knows the box", isApplied);
    const { rows: [password] } = await plane.database.query(
      `update app.app_passwords set created_at = now() - interval '1 year', expires_at = now() + interval '5 days'
       where mailbox_id = $1 returning id`,
      [box.id],
    );
    const look = async () => {
      await plane.database.query("select graphile_worker.add_job('remind-of-expiry', '{}'::json)");
    };
    const outcome = async () =>
      (await plane.database.query("select outcome from app.expiry_reminders where app_password_id = $1", [
        password.id,
      ])).rows.map((row) => row.outcome);
    const reminders = async () =>
      (await letters(box.address)).filter((raw) =>
        /^Message-ID: .*@operateur/im.test(raw) && /no-reply@/.test(raw)
      );
    await look();
    await look();
    await until("it is sent", async () => (await outcome()).join() === "sent");
    expect(await reminders()).toHaveLength(1);
    // As a worker leaves it that is killed when the mail lies in the box and nothing is written yet.
    await plane.database.query(
      "update app.expiry_reminders set outcome = null, done_at = null where app_password_id = $1",
      [password.id],
    );
    await look();
    await until("it is ended", async () => (await outcome()).join() === "sent");
    expect(await reminders()).toHaveLength(1);
  });

  it("close to mail programs at once when their structure allows no more app passwords, and to nobody else's", async () => {
    const [strict, other] = [await plane.newStructure(), await plane.newStructure()];
    const boxes = [
      await plane.newMailbox(strict),
      await plane.newMailbox(strict),
      await plane.newMailbox(other),
    ];
    for (const { id } of boxes) {
      await until(
        "the mail server knows the box",
        async () =>
          (await plane.send("GET", `/api/v1/mailboxes/${id}`)).body.provisioning.status === "applied",
      );
    }
    const open = [];
    for (const { address } of boxes) open.push(await plane.signIn(address));
    const [first, second, stays] = open;
    await second!.mailboxOpen("INBOX");
    const off = { settings: { appPasswordsAllowed: false } };
    expect((await plane.send("PATCH", `/api/v1/structures/${strict.structureId}`, off)).status).toBe(200);
    await until("their connections are closed", () => !first!.usable && !second!.usable, 5);
    expect(await plane.maySignIn(boxes[0]!.address)).toBe(false);
    expect(stays!.usable).toBe(true);
    await plane.send("PATCH", `/api/v1/structures/${strict.structureId}`, {
      settings: { appPasswordsAllowed: true },
    });
    expect(await plane.maySignIn(boxes[0]!.address), "ended for good").toBe(false);
    await stays!.logout();
  });
});
