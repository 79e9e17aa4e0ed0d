import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  giveUpReminder,
  planReminders,
  type ReminderJob,
  type ReminderPost,
  sendReminder,
} from "../../../api/client-access/mod.ts";
import type { Context } from "../../../api/context.ts";
import { createDatabase, createPool } from "../../../api/database/pool.ts";
import type { Notice } from "../../../api/mail-server/mod.ts";
import { type Harness, openHarness, type Visitor } from "../../support/harness.ts";
import { newIdNatPs, newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

const day = 86_400;

describe("reminders of what ends", () => {
  let harness: Harness;
  let tenant: Tenant;
  let holder: Visitor;
  let box: { id: string; address: string };
  let worker: Context;
  /** What lies in the boxes. */
  let mails: Notice[];
  let asked: Date[];
  let post: ReminderPost;

  beforeAll(async () => {
    harness = await openHarness();
    const db = createDatabase(createPool(harness.database.configOf("mss_worker")));
    worker = { ...harness.system, db, actor: { kind: "system", job: "test" } };
  });
  afterAll(async () => {
    await worker.db.destroy();
    await harness.close();
  });
  beforeEach(async () => {
    await harness.database.rows("update app.app_passwords set revoked_at = now() where revoked_at is null");
    await harness.database.rows(
      "update app.client_certificates set withdrawn_at = now() where withdrawn_at is null",
    );
    tenant = await newTenant(harness);
    const idNatPs = newIdNatPs();
    holder = await harness.signIn({ idNatPs });
    box = await newMailbox(harness, tenant, { type: "PER", holderIdNatPs: idNatPs });
    mails = [];
    asked = [];
    post = {
      from: "no-reply@operateur.mssante.test",
      put: (notice) => Promise.resolve(void mails.push(notice)),
      has: (notice, since) => {
        asked.push(since);
        return Promise.resolve(mails.some(({ id }) => id === notice.id));
      },
    };
  });

  const newPassword = async (days: number, device = "Thunderbird, poste 3") => {
    const [row] = await harness.database.rows(
      `insert into app.app_passwords (structure_id, mailbox_id, person_id, device, secret_hash, may_imap, may_submission, created_at, expires_at)
       values ($1, $2, $3, $4, sha256(gen_random_uuid()::text::bytea), true, true, $5, $5::timestamptz + make_interval(secs => $6)) returning id`,
      [tenant.structureId, box.id, holder.personId, device, harness.clock.now(), days * day],
    );
    return String(row?.id);
  };
  const jobs = async () =>
    (await harness.database.rows(
      "select structure_id, id from app.expiry_reminders where structure_id = $1 and done_at is null order by created_at, id",
      [tenant.structureId],
    )).map((row): ReminderJob => ({
      structureId: String(row.structure_id),
      reminderId: String(row.id),
    }));
  const work = async (days = [30, 7, 1]) => {
    await planReminders(worker, days);
    for (const job of await jobs()) await sendReminder(worker, job, post);
    return mails.splice(0).map(({ subject }) => subject);
  };
  const outcomes = async () =>
    (await harness.database.rows(
      "select days, outcome from app.expiry_reminders where structure_id = $1 order by days",
      [
        tenant.structureId,
      ],
    )).map((row) => [row.days, row.outcome]);

  it("lie in the app password's own box at each delay, once each however often the worker looks", async () => {
    await newPassword(40);
    expect(await work()).toEqual([]);
    harness.clock.pass(10 * day + 60);
    expect(await work()).toEqual(["Un mot de passe d'application expire dans 30 jours"]);
    for (const days of [1, 10, 11]) {
      harness.clock.pass(days * day);
      expect(await work()).toEqual([]);
    }
    harness.clock.pass(2 * day);
    expect(await work()).toEqual(["Un mot de passe d'application expire dans 6 jours"]);
    harness.clock.pass(5 * day);
    expect((await work())[0]).toMatch(/expire (demain|aujourd'hui)$/);
    harness.clock.pass(2 * day);
    expect(await work()).toEqual([]);
    expect(await outcomes()).toEqual([[1, "sent"], [7, "sent"], [30, "sent"]]);
    const traced = await harness.database.rows(
      "select subject_id, actor_kind from app.audit_events where action = 'app-password.remind' and structure_id = $1",
      [tenant.structureId],
    );
    expect(traced).toEqual(Array(3).fill({ subject_id: box.id, actor_kind: "system" }));
  });

  it("name device, person, box and end, and carry neither a secret nor a link", async () => {
    await newPassword(30.5, "Téléphone d'astreinte");
    harness.clock.pass(day);
    await planReminders(worker, [30]);
    for (const job of await jobs()) await sendReminder(worker, job, post);
    const [mail] = mails;
    expect(mail).toMatchObject({ address: box.address, from: post.from });
    expect(mail?.text).toContain("« Téléphone d'astreinte » de Camille TEST");
    expect(mail?.text).toContain(box.address);
    expect(mail?.text).not.toMatch(/https?:/);
  });

  it("are one where several delays have passed while no worker ran, and none of a delay longer than its life", async () => {
    await newPassword(40);
    harness.clock.pass(39.5 * day);
    expect(await work()).toHaveLength(1);
    expect(await outcomes()).toEqual([[1, "sent"]]);
    await newPassword(5);
    expect(await work(), "made for five days: nothing is said at once").toEqual([]);
    harness.clock.pass(4.5 * day);
    expect(await work()).toHaveLength(1);
  });

  it("are none for what is revoked, expired, not allowed any more or in a suspended box; also when that comes after the plan", async () => {
    const revoked = await newPassword(35);
    harness.clock.pass(6 * day);
    await planReminders(worker, [30]);
    expect(await jobs()).toHaveLength(1);
    await harness.database.rows("update app.app_passwords set revoked_at = now() where id = $1", [revoked]);
    expect(await work([30])).toEqual([]);
    expect(await outcomes()).toEqual([[30, "dropped"]]);
    await newPassword(35);
    harness.clock.pass(6 * day);
    await harness.database.rows("update app.mailboxes set status = 'suspended' where id = $1", [box.id]);
    expect(await work([30])).toEqual([]);
    await harness.database.rows("update app.mailboxes set status = 'active' where id = $1", [box.id]);
    expect(await work([30]), "no later than it is opened again").toHaveLength(1);
    await newPassword(35);
    harness.clock.pass(60 * day);
    expect(await work([30])).toEqual([]);
    await newPassword(35);
    harness.clock.pass(6 * day);
    const off = { settings: { appPasswordsAllowed: false } };
    const administrator = await harness.signIn({
      memberships: [{ structureId: tenant.structureId, role: "structure_administrator" }],
    });
    expect((await administrator.patch(`/api/v1/structures/${tenant.structureId}`, off)).status).toBe(200);
    expect(await work([30])).toEqual([]);
  });

  it("come once though the worker dies before, in or after the delivery", async () => {
    await newPassword(35);
    harness.clock.pass(6 * day);
    await planReminders(worker, [30]);
    const [job] = await jobs();
    const dies = (isPut: boolean): ReminderPost => ({
      ...post,
      put: async (notice) => {
        if (isPut) await post.put(notice);
        throw new Error("killed");
      },
    });
    await expect(sendReminder(worker, job!, dies(false))).rejects.toThrow("killed");
    expect(mails).toHaveLength(0);
    await expect(sendReminder(worker, job!, dies(true))).rejects.toThrow("killed");
    expect(mails).toHaveLength(1);
    await sendReminder(worker, job!, post);
    await sendReminder(worker, job!, post);
    expect(mails).toHaveLength(1);
    expect(asked.length, "the box was asked before each further attempt").toBeGreaterThanOrEqual(2);
    expect(await outcomes()).toEqual([[30, "sent"]]);
  });

  it("come once though two workers plan and send at the same moment", async () => {
    for (let count = 0; count < 5; count++) await newPassword(35, `Poste ${count}`);
    harness.clock.pass(6 * day);
    await Promise.all([planReminders(worker, [30]), planReminders(worker, [30])]);
    const waiting = await jobs();
    expect(waiting).toHaveLength(5);
    await Promise.all([...waiting, ...waiting].map((job) => sendReminder(worker, job, post)));
    expect(new Set(mails.map(({ id }) => id)).size).toBe(5);
    expect(mails).toHaveLength(5);
  });

  it("that a mail server refuses for good are given up, and asked no more", async () => {
    await newPassword(35);
    harness.clock.pass(6 * day);
    await planReminders(worker, [30]);
    const [job] = await jobs();
    await giveUpReminder(worker, job!);
    expect(await work([30])).toEqual([]);
    expect(await outcomes()).toEqual([[30, "refused"]]);
  });

  describe("of certificates", () => {
    let administrator: Visitor;
    const register = async (days: number, label = "DPI", subject = `CN=${crypto.randomUUID()}`) => {
      const [row] = await harness.database.rows(
        `insert into app.client_certificates (structure_id, label, subject, issuer, subject_key, issuer_key, serial, sha256, not_after, created_at)
         values ($1, $2, $3, 'CN=ca', $3, 'CN=ca', '1', sha256(gen_random_uuid()::text::bytea), $4::timestamptz + make_interval(secs => $5), $4) returning id`,
        [tenant.structureId, label, subject, harness.clock.now(), days * day],
      );
      return String(row?.id);
    };
    let adminBox: { address: string };
    beforeEach(async () => {
      const idNatPs = newIdNatPs();
      administrator = await harness.signIn({
        idNatPs,
        memberships: [{ structureId: tenant.structureId, role: "structure_administrator" }],
      });
      adminBox = await newMailbox(harness, tenant, { type: "PER", holderIdNatPs: idNatPs });
    });

    it("go to the boxes of the structure's administrators, and to nobody else", async () => {
      const other = await newTenant(harness);
      await newMailbox(harness, other);
      await register(40, "Laboratoire");
      harness.clock.pass(11 * day);
      await planReminders(worker, [30, 7, 1]);
      for (const job of await jobs()) await sendReminder(worker, job, post);
      expect(mails).toMatchObject([{
        address: adminBox.address,
        subject: "Un certificat expire dans 29 jours",
      }]);
      expect(mails[0]?.text).toContain("« Laboratoire »");
      expect(administrator.personId).not.toBe(holder.personId);
    });

    it("are none for one that is withdrawn, or that a later one of the same subject replaces", async () => {
      const withdrawn = await register(40);
      await register(40, "DPI", "CN=dpi");
      await register(400, "DPI 2027", "CN=dpi");
      await harness.database.rows("update app.client_certificates set withdrawn_at = now() where id = $1", [
        withdrawn,
      ]);
      harness.clock.pass(11 * day);
      expect(await work()).toEqual([]);
    });
  });
});
