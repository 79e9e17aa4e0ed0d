import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { findSession, listOpenableMailboxes, mayOpenMailbox } from "../../../api/identity/mod.ts";
import { inOperator, inPerson, inStructure, inSystem, type Tx } from "../../../api/database/in-tenant.ts";
import { host, openPlatform, type Platform } from "./platform.ts";
import { simulate, type SimulatedPsc } from "./simulated-psc.ts";

let psc: SimulatedPsc;
let platform: Platform;
let alpha: Structure;
let beta: Structure;
let anne: string;
let claire: string;

interface Structure {
  readonly id: string;
  readonly domainId: string;
  readonly domain: string;
}

beforeAll(async () => {
  psc = await simulate();
  platform = await openPlatform(psc);
  alpha = await addStructure("Cabinet médical Alpha", "312345678900011", "alpha.mssante.test");
  beta = await addStructure("Clinique Bêta", "1750000001", "beta.mssante.test");
  anne = await personOf("anne-allard");
  claire = await personOf("claire-corbeau");
});
afterAll(async () => {
  await platform.close();
  await psc.close();
});
beforeEach(async () => {
  await platform.rows(
    "delete from app.mailbox_members; delete from app.mailbox_delegations; delete from app.addresses; delete from app.mailboxes",
  );
  await platform.rows(
    "update app.structures set status = 'active'; update app.domains set status = 'active'",
  );
});

async function personOf(key: string): Promise<string> {
  const browser = platform.browser();
  await platform.signIn(browser, key);
  const session = await findSession(platform.identity, browser.cookie(host, "__Host-mss_session"));
  return session?.actor.personId ?? "";
}

async function addStructure(name: string, idNatStruct: string, domain: string): Promise<Structure> {
  const [structure] = await platform.rows(
    "insert into app.structures (name, id_nat_struct) values ($1, $2) returning id",
    [name, idNatStruct],
  );
  const [row] = await platform.rows(
    "insert into app.domains (structure_id, name) values ($1, $2) returning id",
    [
      structure?.id,
      domain,
    ],
  );
  return { id: String(structure?.id), domainId: String(row?.id), domain };
}

async function addMailbox(
  structure: Structure,
  name: string,
  type: string,
  holder: string | null = null,
): Promise<string> {
  const [row] = await platform.rows(
    `insert into app.mailboxes (structure_id, domain_id, address, type, display_name, holder_id_nat_ps, quota_bytes)
     values ($1, $2, $3, $4, $5, $6, 1073741824) returning id`,
    [structure.id, structure.domainId, `${name}@${structure.domain}`, type, name, holder],
  );
  return String(row?.id);
}

async function addMember(structure: Structure, mailboxId: string, personId: string): Promise<void> {
  await platform.rows(
    "insert into app.mailbox_members (structure_id, mailbox_id, person_id) values ($1, $2, $3)",
    [
      structure.id,
      mailboxId,
      personId,
    ],
  );
}

const addressesOf = async (personId: string) =>
  (await listOpenableMailboxes(platform.deps, personId)).map((mailbox) => mailbox.address);

describe("a person opens", () => {
  test("the PER boxes of his national identity in any structure, then those of which he is a member", async () => {
    const secretariat = await addMailbox(alpha, "secretariat", "ORG");
    await addMember(alpha, secretariat, anne);
    await addMember(alpha, secretariat, claire);
    await addMailbox(alpha, "anne.allard", "PER", "899900000011");
    await addMailbox(beta, "anne.allard", "PER", "899900000011");
    await addMailbox(beta, "bruno.bernard", "PER", "899900000029");
    await addMailbox(alpha, "accueil", "ORG");
    expect(await addressesOf(anne)).toEqual([
      "anne.allard@alpha.mssante.test",
      "anne.allard@beta.mssante.test",
      "secretariat@alpha.mssante.test",
    ]);
    expect(await listOpenableMailboxes(platform.deps, claire)).toEqual([{
      id: secretariat,
      structureId: alpha.id,
      structureName: "Cabinet médical Alpha",
      address: "secretariat@alpha.mssante.test",
      displayName: "secretariat",
      type: "ORG",
      relation: "member",
      rights: { write: true, sendAs: true, sendOnBehalf: true },
      until: null,
    }]);
  });

  test("what the transaction's person opens, whoever asks: in no other scope does the function say anything", async () => {
    await addMember(alpha, await addMailbox(alpha, "secretariat", "ORG"), anne);
    const ask = async (tx: Tx) =>
      (await sql`select id from app.openable_mailboxes(now())`.execute(tx)).rows.length;
    const ctx = platform.deps;
    expect(await inPerson(ctx, anne, ask)).toBe(1);
    expect(await inPerson(ctx, claire, ask)).toBe(0);
    expect(await inStructure(ctx, alpha.id, ask)).toBe(0);
    expect([await inSystem(ctx, ask), await inOperator(ctx, ask)]).toEqual([0, 0]);
    // A setting that was left behind by nobody's transaction opens nothing either.
    expect((await sql`select id from app.openable_mailboxes(now())`.execute(ctx.db)).rows).toEqual([]);
  });

  test("no box by a role: the administrator of a structure does not read its mail", async () => {
    await addMailbox(alpha, "secretariat", "ORG");
    await platform.rows(
      `insert into app.memberships (structure_id, person_id, role) values ($1, $2, 'structure_administrator')
       on conflict do nothing`,
      [alpha.id, claire],
    );
    await platform.rows(
      "insert into app.operator_roles values ($1, 'operator_administrator') on conflict do nothing",
      [
        claire,
      ],
    );
    expect(await addressesOf(claire)).toEqual([]);
    await platform.rows("delete from app.memberships; delete from app.operator_roles");
  });

  test.each([
    ["the box is suspended", "update app.mailboxes set status = 'suspended'"],
    [
      "the box is closed",
      "update app.mailboxes set status = 'closing', closing_at = now(), purge_at = now(); update app.mailboxes set status = 'closed'",
    ],
    ["the domain is suspended", "update app.domains set status = 'suspended'"],
    ["the structure is suspended", "update app.structures set status = 'suspended'"],
    ["he is no member any more", "delete from app.mailbox_members"],
  ])("nothing any more at the next question once %s", async (_name, statement) => {
    const secretariat = await addMailbox(alpha, "secretariat", "ORG");
    await addMember(alpha, secretariat, claire);
    expect(await mayOpenMailbox(platform.deps, claire, secretariat)).toBe(true);
    await platform.rows(statement);
    expect(await mayOpenMailbox(platform.deps, claire, secretariat)).toBe(false);
    expect(await addressesOf(claire)).toEqual([]);
  });

  test("no box of another, and none that does not exist", async () => {
    const other = await addMailbox(beta, "bruno.bernard", "PER", "899900000029");
    expect(await mayOpenMailbox(platform.deps, anne, other)).toBe(false);
    expect(await mayOpenMailbox(platform.deps, anne, crypto.randomUUID())).toBe(false);
    expect(await mayOpenMailbox(platform.deps, crypto.randomUUID(), other)).toBe(false);
  });

  test("what the session says he opens, with the names of his structures", async () => {
    await addMailbox(alpha, "anne.allard", "PER", "899900000011");
    await platform.rows(
      "insert into app.memberships (structure_id, person_id, role) values ($1, $2, 'user')",
      [beta.id, anne],
    );
    const browser = platform.browser();
    await platform.signIn(browser, "anne-allard");
    expect(await (await platform.session(browser)).json()).toMatchObject({
      roles: [{ role: "user", structureId: beta.id, structureName: "Clinique Bêta" }],
      mailboxes: [{
        address: "anne.allard@alpha.mssante.test",
        type: "PER",
        structureName: "Cabinet médical Alpha",
        accountId: null,
      }],
    });
    await platform.rows("delete from app.memberships");
  });
});
