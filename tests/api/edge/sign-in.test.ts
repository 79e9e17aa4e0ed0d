import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Tenant } from "../../support/tenants.ts";
import { hashProviderSession } from "../../../api/identity/mod.ts";
import { newAddress, openStage, type Stage } from "./stage.ts";

describe("signing in at the edge with a token of Pro Santé Connect", () => {
  let stage: Stage;
  let tenant: Tenant;
  let anne: { id: string; idNatPs: string };
  let own: { id: string; address: string };
  let token: string;
  let ip: string;
  beforeAll(async () => {
    stage = await openStage();
    tenant = await stage.tenant();
    anne = await stage.person("anne-allard");
    own = await stage.box(tenant, { type: "PER", holderIdNatPs: anne.idNatPs });
    token = await stage.psc.mint({ person: "anne-allard", lifetimeSeconds: 3_600 });
  });
  afterAll(async () => await stage.close());
  beforeEach(() => {
    ip = newAddress();
  });

  const lastReason = async () => (await stage.refusals()).at(-1)?.reason;
  const events = async (action: string, mailboxId: string) =>
    await stage.platform.rows(
      "select actor_person_id, after, structure_id from app.audit_events where action = $1 and subject_id = $2 order by id",
      [action, mailboxId],
    );

  it("opens the holder's own box, and names the proof by person, session and box", async () => {
    stage.platform.resetClock();
    const answer = await stage.signIn({ username: own.address, secret: token, ip });
    expect(answer.status).toBe(200);
    const { auth_time, iat, sid } = decodeJwt<{ auth_time: number; sid: string }>(token);
    const session = `${iat}.${auth_time + 14_400}.${hashProviderSession(sid).toString("base64url")}`;
    expect(answer.body).toEqual({ box: own.address, person: `person:${anne.id}.${session}@${own.id}` });
  });

  it("answers a form in lines of text, and takes an alias and capitals for the box", async () => {
    const alias = `alias-${crypto.randomUUID().slice(0, 8)}@${tenant.domain}`;
    await stage.platform.rows(
      "insert into app.addresses (address, structure_id, mailbox_id, kind) values ($1, $2, $3, 'alias')",
      [alias, tenant.structureId, own.id],
    );
    for (const username of [own.address, alias, own.address.toUpperCase()]) {
      const answer = await stage.signInByForm({ mech: "OAUTHBEARER", username, secret: token, ip });
      expect(answer.status).toBe(200);
      const [user, person] = answer.text.split("\n");
      expect([user, person?.split(".")[0], person?.split("@")[1]]).toEqual([
        `user=${own.address}`,
        `person=person:${anne.id}`,
        own.id,
      ]);
    }
  });

  it("traces who signed in, at which box, by which way and proof, without the token", async () => {
    const box = await stage.box(tenant, { type: "PER", holderIdNatPs: anne.idNatPs });
    await stage.signIn({ username: box.address, secret: token, service: "submission", ip });
    const [event] = await events("edge.sign-in", box.id);
    expect(event).toMatchObject({
      actor_person_id: anne.id,
      structure_id: tenant.structureId,
      after: { service: "submission", factor: "pro-sante-connect", acr: "eidas1", relation: "holder" },
    });
    const rows = await stage.platform.rows("select e::text from app.audit_events e");
    const lines = stage.platform.harness.logLines.join("\n");
    expect(JSON.stringify(rows).includes(token) || lines.includes(token)).toBe(false);
    // The holder in his own box has opened nobody's.
    expect(await events("mailbox.open", box.id)).toEqual([]);
  });

  it("opens a shared box to its member, and shows the opening to the box once a day", async () => {
    const box = await stage.box(tenant);
    await stage.member(box.id, anne.id);
    for (let time = 0; time < 3; time++) {
      expect((await stage.signIn({ username: box.address, secret: token, ip })).status).toBe(200);
    }
    expect(await events("mailbox.open", box.id)).toHaveLength(1);
    const shown = await tenant.administrator.get(`/api/v1/mailboxes/${box.id}/openings`);
    expect([shown.status, shown.body.items.length]).toEqual([200, 1]);
    expect(await events("edge.sign-in", box.id)).toHaveLength(3);
  });

  it.each([
    ["reads only", {}, 403, "read-only", 403, "may-not-send"],
    ["writes", { write: true }, 200, undefined, 403, "may-not-send"],
    ["sends as the box", { sendAs: true }, 200, undefined, 200, undefined],
    ["sends on its behalf", { onBehalf: true }, 200, undefined, 403, "may-not-send"],
  ])("lets in a delegate who %s as far as the pipe can be held to it", async (...row) => {
    const [, rights, imap, imapReason, submission, submissionReason] = row;
    const box = await stage.box(tenant);
    await stage.delegate(box.id, anne.id, rights);
    for (
      const [service, status, reason] of [["imap", imap, imapReason], [
        "submission",
        submission,
        submissionReason,
      ]] as const
    ) {
      const answer = await stage.signIn({ username: box.address, secret: token, service, ip });
      expect([service, answer.status]).toEqual([service, status]);
      if (reason !== undefined) {
        expect((await stage.refusals()).at(-1)).toEqual({
          reason,
          subject_kind: "mailbox",
          subject_id: box.id,
          structure_id: tenant.structureId,
        });
      }
    }
  });

  it("refuses with one answer outside, and its own reason inside", async () => {
    const other = await stage.box(tenant);
    const stranger = await stage.psc.mint({ person: "bruno-bernard", lifetimeSeconds: 600 });
    const suspended = await stage.box(tenant, { type: "PER", holderIdNatPs: anne.idNatPs });
    await stage.platform.rows("update app.mailboxes set status = 'suspended' where id = $1", [suspended.id]);
    const faults: [string, Parameters<Stage["signIn"]>[0]][] = [
      ["not-entitled", { username: other.address, secret: token }],
      ["box-unknown", { username: `nobody@${tenant.domain}`, secret: token }],
      ["box-unknown", { username: "not an address", secret: token }],
      ["box-unknown", { username: "", secret: token }],
      ["box-suspended", { username: suspended.address, secret: token }],
      ["person-unknown", { username: own.address, secret: stranger }],
      ["secret-missing", { username: own.address, secret: "" }],
      ["token-malformed", { username: own.address, secret: "a b\u0000c" }],
      ["token-unreadable", { username: own.address, secret: "never-given-to-anybody" }],
      ["mechanism-unknown", { username: own.address, secret: token, mech: "CRAM-MD5" }],
      ["secret-wrong", { username: own.address, secret: token, mech: "PLAIN" }],
      ["certificate-not-verified", { username: own.address, mech: "EXTERNAL" }],
    ];
    for (const [reason, attempt] of faults) {
      const answer = await stage.signIn({ ...attempt, ip: newAddress() });
      expect([reason, answer.status, answer.text, await lastReason()]).toEqual([reason, 403, "", reason]);
    }
  });

  it("says later, not no, when Pro Santé Connect cannot be asked", async () => {
    for (const mode of ["down", "error", "garbage"] as const) {
      await stage.psc.misbehave({ endpoints: { introspection: { mode } } });
      const fresh = await stage.psc.mint({ person: "anne-allard" });
      expect((await stage.signIn({ username: own.address, secret: fresh, ip })).status).toBe(503);
      await stage.psc.behave();
      expect((await stage.signIn({ username: own.address, secret: fresh, ip })).status).toBe(200);
    }
  });

  it("traces of a flood of the same refusal one in a minute, and goes on refusing", async () => {
    const before = (await stage.refusals()).length;
    for (let time = 0; time < 8; time++) {
      const answer = await stage.signIn({ username: `flood@${tenant.domain}`, secret: token, ip });
      expect(answer.status).toBe(403);
    }
    expect((await stage.refusals()).length).toBe(before + 1);
  });

  it("traces why a right token was refused whatever number of guesses came before it", async () => {
    const box = await stage.box(tenant);
    await stage.delegate(box.id, anne.id, {});
    stage.platform.pass(61);
    const guess = (turn: number) =>
      stage.signIn({
        mech: "PLAIN",
        username: `guess-${turn}@${tenant.domain}`,
        secret: "x",
        ip: newAddress(),
      });
    for (let turn = 0; turn < 320; turn += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, one) => guess(turn + one)));
    }
    const fresh = await stage.psc.mint({ person: "anne-allard", lifetimeSeconds: 600 });
    expect((await stage.signIn({ username: box.address, secret: fresh, ip })).status).toBe(403);
    expect(await stage.refusals()).toContainEqual({
      reason: "read-only",
      subject_kind: "mailbox",
      subject_id: box.id,
      structure_id: tenant.structureId,
    });
    stage.platform.resetClock();
  });

  it("knows a box by its own name alone, not by one that looks like it", async () => {
    const local = `kim-${crypto.randomUUID().slice(0, 8)}`;
    const box = await stage.box(tenant, { type: "PER", holderIdNatPs: anne.idNatPs, localPart: local });
    const names = [
      box.address.replace("k", "\u212a"),
      box.address.replace("@", "\uff20"),
      `${box.address}.`,
      `${box.address}\u0000`,
      `\u00a0${box.address}`,
      `${box.address}\r\n`,
      `"${local}"@${tenant.domain}`,
      `${local}+x@${tenant.domain}`,
      `${box.address}@${tenant.domain}`,
      `${box.address}%edge@operateur.mssante.test`,
      `${"a".repeat(60_000)}@${tenant.domain}`,
      "@".repeat(60_000),
    ];
    for (const username of names) {
      const answer = await stage.signIn({ username, secret: token, ip: newAddress() });
      expect([answer.status, answer.text], username.slice(0, 80)).toEqual([403, ""]);
    }
    for (const username of [box.address, box.address.toUpperCase(), ` ${box.address} `]) {
      expect((await stage.signIn({ username, secret: token, ip: newAddress() })).status).toBe(200);
    }
  });

  it("makes a guesser wait, and nobody else at his address or in his box", async () => {
    const statuses = [];
    for (let time = 0; time < 14; time++) {
      const secret = `guess-${crypto.randomUUID()}`;
      statuses.push((await stage.signIn({ username: own.address, secret, ip })).status);
    }
    expect([statuses[0], statuses.at(-1)]).toEqual([403, 503]);
    const other = await stage.box(tenant, { type: "PER", holderIdNatPs: anne.idNatPs });
    expect((await stage.signIn({ username: other.address, secret: token, ip })).status).toBe(200);
    expect((await stage.signIn({ username: own.address, secret: token, ip: newAddress() })).status).toBe(200);
  });

  it("answers nobody without the edge's key, and nothing that is not the edge's", async () => {
    const init = {
      method: "POST",
      headers: { "x-edge-key": "wrong", "content-type": "application/json" },
      body: "{}",
    };
    expect((await stage.ask("/edge/auth", init)).status).toBe(401);
    expect((await stage.ask("/edge/health", { headers: { "x-edge-key": "" } })).status).toBe(401);
    expect((await stage.ask("/edge/health")).status).toBe(200);
    expect((await stage.ask("/api/v1/session")).status).toBe(404);
    const outside = await stage.platform.harness.app.request("http://localhost/edge/auth", {
      method: "POST",
      headers: { "x-edge-key": stage.key },
    });
    expect([403, 404, 405]).toContain(outside.status);
  });

  it.each([
    ["no JSON", "application/json", "{"],
    ["another shape", "application/json", "[]"],
    ["no service", "application/json", "{}"],
    ["base64 that is none", "application/json", '{"service":"imap","username_b64":"%%%"}'],
    ["too much", "application/json", JSON.stringify({ service: "imap", secret_b64: "A".repeat(100_000) })],
  ])("refuses a body with %s", async (_what, type, body) => {
    const answer = await stage.ask("/edge/auth", { method: "POST", headers: { "content-type": type }, body });
    expect([answer.status, await answer.text()]).toEqual([403, ""]);
  });
});

describe("without its database", () => {
  it("the edge says later, never no", async () => {
    const stage = await openStage();
    await stage.platform.harness.database.drop();
    const token = await stage.psc.mint({ person: "anne-allard" });
    const answers = [
      await stage.signIn({ username: "a@b.test", secret: token }),
      await stage.signIn({ username: "a@b.test", secret: "guess", mech: "PLAIN" }),
      await stage.check({ box: "a@b.test", person: "person:x" }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect((await stage.ask("/edge/health")).status).toBe(503);
    stage.platform.harness.deps.redis.disconnect();
    await stage.psc.close();
  });
});

describe("without Redis", () => {
  it("people sign in all the same; a ticket is to be asked for later", async () => {
    const stage = await openStage({ redisUrl: "redis://127.0.0.1:9" });
    const anne = await stage.person("anne-allard");
    const box = await stage.box(await stage.tenant(), { type: "PER", holderIdNatPs: anne.idNatPs });
    const secret = await stage.psc.mint({ person: "anne-allard" });
    expect((await stage.signIn({ username: box.address, secret })).status).toBe(200);
    expect((await stage.signIn({ username: box.address, secret: "x" })).status).toBe(403);
    const ticket = { mech: "PLAIN", username: box.address, secret: `mss_et_${"A".repeat(43)}` };
    expect((await stage.signIn(ticket)).status).toBe(503);
    await stage.close();
  });
});
