import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tenant } from "../../support/tenants.ts";
import { openStage, personProof, type Stage } from "./stage.ts";

describe("the sender of each message at the edge", () => {
  let stage: Stage;
  let tenant: Tenant;
  let anne: { id: string; idNatPs: string };
  let own: { id: string; address: string };
  let shared: { id: string; address: string };
  let alias: string;
  beforeAll(async () => {
    stage = await openStage();
    tenant = await stage.tenant();
    anne = await stage.person("anne-allard");
    own = await stage.box(tenant, { type: "PER", holderIdNatPs: anne.idNatPs });
    shared = await stage.box(tenant);
    await stage.member(shared.id, anne.id);
    alias = `secretariat-${crypto.randomUUID().slice(0, 8)}@${tenant.domain}`;
    await stage.platform.rows(
      "insert into app.addresses (address, structure_id, mailbox_id, kind) values ($1, $2, $3, 'alias')",
      [alias, tenant.structureId, shared.id],
    );
  });
  afterAll(async () => await stage.close());

  const signedInAt = new Date();
  const reason = async () => (await stage.refusals()).at(-1)?.reason;
  const person = (boxId: string) => personProof(anne.id, boxId, { now: signedInAt });

  it("may be the box that signed in, another box of the person and its alias, and nobody's for the null sender", async () => {
    const as = async (sender: string) =>
      (await stage.check({ box: own.address, person: person(own.id), sender })).body;
    expect(await as(own.address)).toEqual({ box: own.address, person: person(own.id) });
    expect(await as("")).toEqual({ box: own.address, person: person(own.id) });
    expect(await as(shared.address.toUpperCase())).toEqual({
      box: shared.address,
      person: person(shared.id),
    });
    expect(await as(alias)).toEqual({ box: shared.address, person: person(shared.id) });
  });

  it("is refused where the person may not send as it now, each with its own reason", async () => {
    const foreign = await stage.box(tenant);
    const onBehalf = await stage.box(tenant);
    await stage.delegate(onBehalf.id, anne.id, { onBehalf: true });
    const ended = await stage.box(tenant);
    await stage.delegate(ended.id, anne.id, { sendAs: true });
    const as = async (
      sender: string,
      box = own,
    ) => [(await stage.check({ box: box.address, person: person(box.id), sender })).status, await reason()];
    expect((await as(ended.address))[0]).toBe(200);
    await stage.platform.rows(
      "update app.mailbox_delegations set starts_at = now() - interval '1 day', ends_at = now() - interval '1 hour' where mailbox_id = $1",
      [
        ended.id,
      ],
    );
    expect(await as(ended.address)).toEqual([403, "not-entitled"]);
    expect(await as(foreign.address)).toEqual([403, "not-entitled"]);
    // Nobody on this way looks at Sender: what is sent on behalf leaves by the webmail.
    expect(await as(onBehalf.address)).toEqual([403, "may-not-send"]);
    expect(await as(`nobody@${tenant.domain}`)).toEqual([403, "sender-not-ours"]);
    expect(await as("someone@elsewhere.test")).toEqual([403, "sender-not-ours"]);
    expect(await as(`x${own.address}`)).toEqual([403, "sender-not-ours"]);
  });

  it("is asked with the box and the proof of the sign-in, and with nothing made up", async () => {
    const ask = async (
      box: string,
      proof: string,
    ) => [(await stage.check({ box, person: proof, sender: own.address })).status, await reason()];
    expect(await ask(own.address, "person:nobody")).toEqual([403, "proof-malformed"]);
    expect(await ask(shared.address, person(own.id))).toEqual([403, "proof-malformed"]);
    expect(await ask(own.address, personProof(crypto.randomUUID(), own.id))).toEqual([
      403,
      "person-unknown",
    ]);
    expect(await ask(own.address, `app-password:${anne.id}@${own.id}`)).toEqual([
      403,
      "app-password-other-box",
    ]);
  });

  it("ends with the right of the box that signed in, whoever the sender would be", async () => {
    const box = await stage.box(tenant);
    await stage.member(box.id, anne.id);
    const ask = () => stage.check({ box: box.address, person: person(box.id), sender: own.address });
    expect((await ask()).status).toBe(200);
    await stage.platform.rows("delete from app.mailbox_members where mailbox_id = $1", [box.id]);
    expect([(await ask()).status, await reason()]).toEqual([403, "not-entitled"]);
  });

  it("is an app password's own box alone, and ends when it is revoked", async () => {
    const { id } = await stage.appPassword(own.id, anne.id);
    const ask = (sender: string) =>
      stage.check({ box: own.address, person: `app-password:${id}@${own.id}`, sender });
    expect((await ask(own.address)).body?.box).toBe(own.address);
    expect([(await ask(shared.address)).status, await reason()]).toEqual([403, "sender-other-box"]);
    await stage.platform.rows("update app.app_passwords set revoked_at = now() where id = $1", [id]);
    expect([(await ask(own.address)).status, await reason()]).toEqual([403, "app-password-revoked"]);
  });

  it.each([
    ["the box is suspended", "update app.mailboxes set status = 'suspended' where id = $1", "box-suspended"],
    [
      "the domain is suspended",
      "update app.domains set status = 'suspended' where id = (select domain_id from app.mailboxes where id = $1)",
      "domain-suspended",
    ],
    [
      "the structure is suspended",
      "update app.structures set status = 'suspended' where id = (select structure_id from app.mailboxes where id = $1)",
      "structure-suspended",
    ],
  ])("is refused from the moment at which %s", async (_when, query, expected) => {
    const other = await stage.tenant();
    const box = await stage.box(other, { type: "PER", holderIdNatPs: anne.idNatPs });
    const ask = () => stage.check({ box: box.address, person: person(box.id), sender: box.address });
    expect((await ask()).status).toBe(200);
    await stage.platform.rows(query, [box.id]);
    expect([(await ask()).status, await reason()]).toEqual([403, expected]);
  });
});
