import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newIdNatStruct, newTenant, type Tenant } from "../../support/tenants.ts";
import type { Visitor } from "../../support/harness.ts";

describe("Idempotency-Key", () => {
  let harness: Harness;
  let tenant: Tenant;
  let operator: Visitor;
  const path = "/api/v1/structures";
  const key = () => ({ "idempotency-key": crypto.randomUUID() });
  const structure = () => ({ idNatStruct: newIdNatStruct(), name: "Clinique" });

  beforeAll(async () => {
    harness = await openHarness();
    tenant = await newTenant(harness);
    operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
  });
  afterAll(async () => await harness.close());

  it("gives the first answer again, with its headers, and acts once", async () => {
    const [headers, body] = [key(), structure()];
    const first = await operator.post(path, body, headers);
    const again = await operator.post(path, body, headers);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.text).toBe(first.text);
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
    expect(again.headers.get("etag")).toBe(first.headers.get("etag"));
    expect([first.headers.get("idempotency-replayed"), again.headers.get("idempotency-replayed")]).toEqual([
      null,
      "true",
    ]);
    const rows = await harness.database.rows("select 1 from app.audit_events where subject_id = $1", [
      first.body.id,
    ]);
    expect(rows).toHaveLength(1);
  });

  it("lets one of many at once act, and the others wait or read its answer", async () => {
    const [headers, body] = [key(), structure()];
    const answers = await Promise.all(Array.from({ length: 10 }, () => operator.post(path, body, headers)));
    const made = answers.filter((answer) => answer.status === 201);
    expect(new Set(made.map((answer) => answer.body.id)).size).toBe(1);
    for (const answer of answers.filter((one) => one.status !== 201)) {
      expect(answer.body.type).toMatch(/idempotency-key-in-use$/);
    }
    expect((await operator.post(path, body, headers)).body.id).toBe(made[0]?.body.id);
  });

  it("gives a refusal again too", async () => {
    const [headers, body] = [key(), structure()];
    await operator.post(path, body);
    const first = await operator.post(path, body, headers);
    expect([first.status, (await operator.post(path, body, headers)).text]).toEqual([409, first.text]);
  });

  it("is refused for another request", async () => {
    const headers = key();
    await operator.post(path, structure(), headers);
    for (
      const [where, body] of [[path, structure()], [`${path}/${tenant.structureId}/domains`, {
        name: "x.test",
      }]] as const
    ) {
      expect((await operator.post(where, body, headers)).body.type).toMatch(/idempotency-key-reused$/);
    }
  });

  it("belongs to the person: another may use the same", async () => {
    const headers = key();
    const other = await harness.signIn({ operatorRoles: ["operator_administrator"] });
    expect((await operator.post(path, structure(), headers)).status).toBe(201);
    expect((await other.post(path, structure(), headers)).status).toBe(201);
  });

  it("is free again when its process died before the answer", async () => {
    const [headers, body] = [key(), structure()];
    await harness.database.rows(
      "insert into app.idempotency_keys (person_id, key, request_hash, created_at) values ($1, $2, '\\x00', $3)",
      [operator.personId, headers["idempotency-key"], new Date(harness.clock.now().getTime() - 61_000)],
    );
    expect((await operator.post(path, body, headers)).status).toBe(201);
  });

  it("is free again after a day", async () => {
    const headers = key();
    const early = await operator.post(path, structure(), headers);
    await harness.database.rows(
      "update app.idempotency_keys set created_at = created_at - interval '25 hours' where key = $1",
      [headers["idempotency-key"]],
    );
    const late = await operator.post(path, structure(), headers);
    expect([late.status, late.body.id === early.body.id]).toEqual([201, false]);
  });

  it("does not keep what says nothing of the act", async () => {
    const headers = key();
    const person = await harness.signIn();
    const body = structure();
    expect((await person.post(path, body, headers)).status).toBe(403);
    await harness.database.rows(
      "insert into app.operator_roles (person_id, role) values ($1, 'operator_administrator')",
      [
        person.personId,
      ],
    );
    const answer = await expectEventually(
      () => person.post(path, body, headers),
      (one) => one.status === 201,
    );
    expect(answer.status).toBe(201);
  });

  it("that is no key is refused by its name", async () => {
    const answer = await operator.post(path, structure(), { "idempotency-key": "é".repeat(3) });
    expect(answer.body.errors).toMatchObject([{ pointer: "/header/idempotency-key" }]);
  });
});

/** A new role is in force within the three seconds of the session cache. */
async function expectEventually<T>(run: () => Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 8_000;
  for (;;) {
    const value = await run();
    if (isDone(value) || Date.now() > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
