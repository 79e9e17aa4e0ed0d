import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDoveadm, watchSessions } from "../../../api/edge/mod.ts";
import type { Visitor } from "../../support/harness.ts";
import type { Tenant } from "../../support/tenants.ts";
import { until } from "../../support/until.ts";
import { openStage, personProof, type Stage } from "./stage.ts";
import { startScriptedDoveadm } from "./scripted-doveadm.ts";

describe("open IMAP sessions", () => {
  let stage: Stage;
  let tenant: Tenant;
  let anne: { id: string; idNatPs: string };
  let dovecot: ReturnType<typeof startScriptedDoveadm>;
  let closing: AbortController;
  let watching: Promise<void>;
  beforeAll(async () => {
    stage = await openStage();
    tenant = await stage.tenant();
    anne = await stage.person("anne-allard");
  });
  afterAll(async () => await stage.close());
  beforeEach(() => {
    dovecot = startScriptedDoveadm(stage.key);
    closing = new AbortController();
    const { db, now, log } = stage.platform.deps;
    const doveadm = createDoveadm({ url: dovecot.url, key: stage.key });
    watching = watchSessions({ db, now, log, doveadm, everyMilliseconds: 50 }, closing.signal);
  });
  afterEach(async () => {
    closing.abort();
    await watching;
    await dovecot.close();
  });

  const ended = (proof: string) => until("the session is ended", () => !dovecot.has(proof));

  it("stay open as long as the right does, whatever became of the token", async () => {
    const box = await stage.box(tenant, { type: "PER", holderIdNatPs: anne.idNatPs });
    const proof = personProof(anne.id, box.id);
    dovecot.connect(box.address, proof);
    // The watch has looked at it when one that must go beside it is gone.
    dovecot.connect(box.address, "person:made-up");
    await ended("person:made-up");
    expect(dovecot.has(proof)).toBe(true);
  });

  it.each<[string, (box: { id: string }) => Promise<unknown>]>([
    [
      "the box is suspended",
      ({ id }) => stage.platform.rows("update app.mailboxes set status = 'suspended' where id = $1", [id]),
    ],
    [
      "the member is removed",
      ({ id }) => stage.platform.rows("delete from app.mailbox_members where mailbox_id = $1", [id]),
    ],
    [
      "the person is suspended",
      () => stage.platform.rows("update app.people set status = 'suspended' where id = $1", [anne.id]),
    ],
    ["the domain is suspended", ({ id }) =>
      stage.platform.rows(
        "update app.domains set status = 'suspended' where id = (select domain_id from app.mailboxes where id = $1)",
        [id],
      )],
    ["the structure is suspended", ({ id }) =>
      stage.platform.rows(
        "update app.structures set status = 'suspended' where id = (select structure_id from app.mailboxes where id = $1)",
        [id],
      )],
    ["the box is closing", ({ id }) =>
      stage.platform.rows(
        "update app.mailboxes set status = 'closing', closing_at = now(), purge_at = now() where id = $1",
        [id],
      )],
  ])("end when %s, and those of another box do not", async (_when, end) => {
    const [mine, theirs] = [await stage.tenant(), await stage.tenant()];
    const [box, other] = [await stage.box(mine), await stage.box(theirs)];
    const bruno = await stage.person("bruno-bernard");
    await stage.member(box.id, anne.id);
    await stage.member(other.id, bruno.id);
    const [proof, stays] = [personProof(anne.id, box.id), personProof(bruno.id, other.id)];
    dovecot.connect(box.address, proof);
    dovecot.connect(other.address, stays);
    await end(box);
    await ended(proof);
    expect(dovecot.has(stays)).toBe(true);
    await stage.platform.rows("update app.people set status = 'active' where id = $1", [anne.id]);
  });

  it("end when a delegation is over, or no longer lets write", async () => {
    const proofs = [];
    for (
      const change of [
        "starts_at = now() - interval '1 day', ends_at = now() - interval '1 hour'",
        "may_write = false",
      ]
    ) {
      const box = await stage.box(tenant);
      await stage.delegate(box.id, anne.id, { write: true });
      const proof = personProof(anne.id, box.id);
      dovecot.connect(box.address, proof);
      await stage.platform.rows(`update app.mailbox_delegations set ${change} where mailbox_id = $1`, [
        box.id,
      ]);
      proofs.push(proof);
    }
    for (const proof of proofs) await ended(proof);
  });

  it("of a revoked app password end, and those of the same person on the same box by his token stay", async () => {
    const box = await stage.box(tenant, { type: "PER", holderIdNatPs: anne.idNatPs });
    const [revoked, expiring] = [
      await stage.appPassword(box.id, anne.id),
      await stage.appPassword(box.id, anne.id, { seconds: 60 }),
    ];
    const [one, two] = [revoked, expiring].map(({ id }) => `app-password:${id}@${box.id}`);
    const token = personProof(anne.id, box.id);
    for (const proof of [one!, two!, token]) dovecot.connect(box.address, proof);
    await stage.platform.rows("update app.app_passwords set revoked_at = now() where id = $1", [revoked.id]);
    await ended(one!);
    expect([dovecot.has(two!), dovecot.has(token)]).toEqual([true, true]);
    stage.platform.pass(120);
    await ended(two!);
    expect(dovecot.has(token)).toBe(true);
  });

  it("of every app password of a structure end with its switch, and with the act that revokes all; others' stay", async () => {
    const { harness } = stage.platform;
    const theirs = await stage.tenant();
    const other = await stage.box(theirs, { type: "PER", holderIdNatPs: anne.idNatPs });
    const stays = `app-password:${(await stage.appPassword(other.id, anne.id)).id}@${other.id}`;
    dovecot.connect(other.address, stays);
    const acts = {
      settings: (admin: Visitor, path: string) =>
        admin.patch(path, { settings: { appPasswordsAllowed: false } }),
      revocation: (admin: Visitor, path: string) =>
        admin.post(`${path}/app-passwords/revocation`, { filter: {} }),
    };
    for (const [name, act] of Object.entries(acts)) {
      const mine = await stage.tenant();
      const proofs = [];
      for (let turn = 0; turn < 5; turn++) {
        const box = await stage.box(mine, { type: "PER", holderIdNatPs: anne.idNatPs });
        const { id } = await stage.appPassword(box.id, anne.id);
        proofs.push(`app-password:${id}@${box.id}`);
        dovecot.connect(box.address, proofs.at(-1)!);
      }
      const { structureId } = mine;
      const admin = await harness.signIn({ memberships: [{ structureId, role: "structure_administrator" }] });
      expect((await act(admin, `/api/v1/structures/${structureId}`)).status, name).toBe(200);
      for (const proof of proofs) await ended(proof);
    }
    expect(dovecot.has(stays)).toBe(true);
  });

  it("of software end when its certificate is withdrawn, runs out, or is for the box no more", async () => {
    const ends: Readonly<Record<string, string>> = {
      withdrawn: "update app.client_certificates set withdrawn_at = now() where id = $1",
      over: "update app.client_certificates set not_after = now() - interval '1 minute' where id = $1",
      elsewhere: "delete from app.client_certificate_mailboxes where certificate_id = $1",
    };
    const connect = async () => {
      const box = await stage.box(tenant, { type: "APP" });
      const [row] = await stage.platform.rows(
        `with made as (insert into app.client_certificates (structure_id, label, subject, issuer, subject_key, issuer_key, serial, sha256, not_after)
           values ($1, 'DPI', 'CN=dpi', 'CN=ca', 'CN=dpi', 'CN=ca', '1', sha256(gen_random_uuid()::text::bytea), now() + interval '1 year') returning *)
         insert into app.client_certificate_mailboxes (structure_id, certificate_id, mailbox_id)
         select structure_id, id, $2 from made returning certificate_id`,
        [tenant.structureId, box.id],
      );
      const proof = `certificate:${row?.certificate_id}@${box.id}`;
      dovecot.connect(box.address, proof);
      return { proof, id: row?.certificate_id };
    };
    const stays = await connect();
    for (const end of Object.values(ends)) {
      const { proof, id } = await connect();
      await stage.platform.rows(end, [id]);
      await ended(proof);
    }
    expect(dovecot.has(stays.proof)).toBe(true);
  });

  it("that nobody let in end, and so does one whose box has another name than its proof", async () => {
    const box = await stage.box(tenant, { type: "PER", holderIdNatPs: anne.idNatPs });
    const proof = personProof(anne.id, box.id);
    dovecot.connect("somebody@else.test", proof);
    dovecot.connect(box.address, "");
    await until("both are gone", () => dovecot.count() === 0);
  });

  it("are left alone while Dovecot or the database cannot be asked, and looked at again afterwards", async () => {
    const box = await stage.box(tenant);
    await stage.member(box.id, anne.id);
    const proof = personProof(anne.id, box.id);
    dovecot.connect(box.address, proof);
    const { logLines } = stage.platform.harness;
    const said = () => logLines.filter((line) => line.includes("edge.watch-")).length;
    const before = said();
    dovecot.setAway(true);
    await until("it is noticed", () => said() === before + 1);
    await stage.platform.rows("delete from app.mailbox_members where mailbox_id = $1", [box.id]);
    expect(dovecot.has(proof)).toBe(true);
    dovecot.setAway(false);
    await ended(proof);
    await until("it is said once that it is back", () => said() === before + 2);
  });
});
