import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { revokeDelegationsOfPerson } from "../../../api/mailboxes/mod.ts";
import { inStructure } from "../../../api/database/in-tenant.ts";
import type { Tenant } from "../../support/tenants.ts";
import { newAddress, openStage, type Stage } from "./stage.ts";

describe("signing in at the edge with an app password", () => {
  let stage: Stage;
  let tenant: Tenant;
  let anne: { id: string; idNatPs: string };
  let own: { id: string; address: string };
  beforeAll(async () => {
    stage = await openStage();
    tenant = await stage.tenant();
    anne = await stage.person("anne-allard");
    own = await stage.box(tenant, { type: "PER", holderIdNatPs: anne.idNatPs });
  });
  afterAll(async () => await stage.close());

  const tryIn = async (
    username: string,
    secret: string,
    more: { service?: "imap" | "submission"; mech?: string } = {},
  ) => {
    const before = (await stage.refusals()).length;
    const answer = await stage.signIn({ mech: "PLAIN", username, secret, ip: newAddress(), ...more });
    const refusals = await stage.refusals();
    return [answer.status, answer.text === "" ? "" : answer.body?.box, refusals[before]?.reason];
  };

  it("opens its own box by PLAIN and LOGIN, for IMAP and submission", async () => {
    const { id, secret } = await stage.appPassword(own.id, anne.id);
    for (const mech of ["PLAIN", "LOGIN"]) {
      for (const service of ["imap", "submission"] as const) {
        const answer = await stage.signIn({ mech, username: own.address, secret, service, ip: newAddress() });
        expect(answer.body).toEqual({ box: own.address, person: `app-password:${id}@${own.id}` });
      }
    }
  });

  it("may be typed in capitals, with spaces and without its hyphens", async () => {
    const { secret } = await stage.appPassword(own.id, anne.id);
    for (const typed of [secret.replaceAll("-", ""), secret.replaceAll("-", " "), secret.toUpperCase()]) {
      expect(await tryIn(own.address, typed)).toEqual([200, own.address, undefined]);
    }
  });

  it("notes its use at most once a minute, and traces each with its own id", async () => {
    const { id, secret } = await stage.appPassword(own.id, anne.id);
    const used = async () =>
      (await stage.platform.rows("select last_used_at from app.app_passwords where id = $1", [id]))[0]
        ?.last_used_at;
    expect(await used()).toBeNull();
    await tryIn(own.address, secret);
    const first = await used();
    expect(first).toEqual(stage.platform.harness.clock.now());
    stage.platform.pass(30);
    await tryIn(own.address, secret);
    expect(await used()).toEqual(first);
    stage.platform.pass(40);
    await tryIn(own.address, secret);
    expect(await used()).toEqual(stage.platform.harness.clock.now());
    const events = await stage.platform.rows(
      "select actor_person_id, after from app.audit_events where action = 'edge.sign-in' and after ->> 'appPasswordId' = $1",
      [id],
    );
    expect(events).toHaveLength(3);
    expect(events[0]).toMatchObject({
      actor_person_id: anne.id,
      after: { factor: "app-password", service: "imap" },
    });
  });

  it("is refused with its own reason: wrong, other box, expired, revoked, other protocol, person suspended", async () => {
    const other = await stage.box(tenant, { type: "PER", holderIdNatPs: anne.idNatPs });
    const right = await stage.appPassword(own.id, anne.id);
    const expired = await stage.appPassword(own.id, anne.id, { seconds: 10 });
    const mailOnly = await stage.appPassword(own.id, anne.id, { submission: false });
    const sendOnly = await stage.appPassword(own.id, anne.id, { imap: false });
    const revoked = await stage.appPassword(own.id, anne.id);
    await stage.platform.rows("update app.app_passwords set revoked_at = now() where id = $1", [revoked.id]);
    stage.platform.pass(20);
    const submission = { service: "submission" } as const;
    expect(await tryIn(own.address, "wrong")).toEqual([403, "", "secret-wrong"]);
    expect(await tryIn(`nobody@${tenant.domain}`, right.secret)).toEqual([403, "", "box-unknown"]);
    expect(await tryIn(`nobody@${tenant.domain}`, "wrong")).toEqual([403, "", "box-unknown"]);
    expect(await tryIn(other.address, right.secret)).toEqual([403, "", "app-password-other-box"]);
    expect(await tryIn(own.address, expired.secret)).toEqual([403, "", "app-password-expired"]);
    expect(await tryIn(own.address, revoked.secret)).toEqual([403, "", "app-password-revoked"]);
    expect(await tryIn(own.address, mailOnly.secret, submission)).toEqual([403, "", "app-password-scope"]);
    expect(await tryIn(own.address, mailOnly.secret)).toEqual([200, own.address, undefined]);
    expect(await tryIn(own.address, sendOnly.secret)).toEqual([403, "", "app-password-scope"]);
    expect(await tryIn(own.address, sendOnly.secret, submission)).toEqual([200, own.address, undefined]);
    expect(await tryIn(own.address, "")).toEqual([403, "", "secret-missing"]);
    await stage.platform.rows("update app.people set status = 'suspended' where id = $1", [anne.id]);
    expect(await tryIn(own.address, right.secret)).toEqual([403, "", "person-suspended"]);
    await stage.platform.rows("update app.people set status = 'active' where id = $1", [anne.id]);
    expect(await tryIn(own.address, right.secret)).toEqual([200, own.address, undefined]);
  });

  it("opens nothing in a structure that does not allow app passwords, from that moment on", async () => {
    const strict = await stage.tenant();
    const box = await stage.box(strict, { type: "PER", holderIdNatPs: anne.idNatPs });
    const { secret } = await stage.appPassword(box.id, anne.id);
    expect(await tryIn(box.address, secret)).toEqual([200, box.address, undefined]);
    const allow = (isAllowed: boolean) =>
      stage.platform.rows("update app.structures set app_passwords_allowed = $2 where id = $1", [
        strict.structureId,
        isAllowed,
      ]);
    await allow(false);
    expect(await tryIn(box.address, secret)).toEqual([403, "", "app-passwords-not-allowed"]);
    await allow(true);
    expect(await tryIn(box.address, secret), "ended for good").toEqual([403, "", "app-password-revoked"]);
  });

  it.each(["member", "delegate"])(
    "ends for good with the right of a %s, also when it is given again",
    async (relation) => {
      const box = await stage.box(tenant);
      const give = async () =>
        relation === "member"
          ? await stage.member(box.id, anne.id)
          : await stage.delegate(box.id, anne.id, { write: true, sendAs: true });
      await give();
      const { secret } = await stage.appPassword(box.id, anne.id);
      expect(await tryIn(box.address, secret)).toEqual([200, box.address, undefined]);
      const { system } = stage.platform.harness;
      if (relation === "member") {
        await stage.platform.rows("delete from app.mailbox_members where mailbox_id = $1", [box.id]);
      } else {
        await inStructure(
          system,
          tenant.structureId,
          (tx) => revokeDelegationsOfPerson(tx, tenant.structureId, anne.id, system.now()),
        );
      }
      expect(await tryIn(box.address, secret)).toEqual([403, "", "app-password-revoked"]);
      await give();
      expect(await tryIn(box.address, secret)).toEqual([403, "", "app-password-revoked"]);
    },
  );

  it("follows what its person may do in the box at that moment", async () => {
    const box = await stage.box(tenant);
    await stage.delegate(box.id, anne.id, { write: true });
    const { secret } = await stage.appPassword(box.id, anne.id);
    expect(await tryIn(box.address, secret)).toEqual([200, box.address, undefined]);
    await stage.platform.rows("update app.mailbox_delegations set may_write = false where mailbox_id = $1", [
      box.id,
    ]);
    expect(await tryIn(box.address, secret)).toEqual([403, "", "read-only"]);
    await stage.platform.rows(
      "update app.mailbox_delegations set may_write = true, starts_at = now() - interval '1 day', ends_at = now() - interval '1 hour' where mailbox_id = $1",
      [box.id],
    );
    expect(await tryIn(box.address, secret)).toEqual([403, "", "not-entitled"]);
  });

  it("passes while others guess at the same box from the same address", async () => {
    const { secret } = await stage.appPassword(own.id, anne.id);
    const ip = newAddress();
    for (let time = 0; time < 30; time++) {
      await stage.signIn({ mech: "PLAIN", username: own.address, secret: `guess ${time}`, ip });
    }
    expect((await stage.signIn({ mech: "PLAIN", username: own.address, secret, ip })).status).toBe(200);
  });

  it("takes as long to refuse an unknown box as a wrong secret", async () => {
    const times: Record<"known" | "unknown", number[]> = { known: [], unknown: [] };
    const boxes = { known: own.address, unknown: `nobody@${tenant.domain}` };
    // In turns, so that a busy machine slows both.
    for (let turn = 0; turn < 60; turn++) {
      for (const which of ["known", "unknown"] as const) {
        const began = performance.now();
        await stage.signIn({
          mech: "PLAIN",
          username: boxes[which],
          secret: crypto.randomUUID(),
          ip: newAddress(),
        });
        times[which].push(performance.now() - began);
      }
    }
    const [known, unknown] = [times.known, times.unknown].map((all) => all.toSorted((a, b) => a - b)[30]!);
    expect(known! / unknown!).toBeGreaterThan(0.5);
    expect(known! / unknown!).toBeLessThan(2);
  });
});
