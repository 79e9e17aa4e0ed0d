import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importWhiteList } from "../../../api/trust-space/import.ts";
import { checkRecipients } from "../../../api/trust-space/match.ts";
import { openTestDatabase, type TestDatabase } from "./test-database.ts";
import { createSigners, encode, entriesFor, now, signedList, signerName } from "./signed-lists.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
  const { authority, signer, crl } = await createSigners();
  const bytes = encode(await signedList(signer, entriesFor("alpha.mssante.test", "gamma.mssante.test")));
  const authorities = [authority.organisations.certificate];
  await importWhiteList(database.contextAt(now), { bytes, authorities, crls: [crl], signerName });
  await database.rows(`
    with s as (insert into app.structures (id_nat_struct, name) values ('312345678900011', 'Alpha'), ('1750000001', 'Omega') returning id, name),
    d as (insert into app.domains (structure_id, name) select id, lower(name) || '.mssante.test' from s returning structure_id, id, name),
    b as (insert into app.mailboxes (structure_id, domain_id, address, type, quota_bytes, status)
      select d.structure_id, d.id, box.name || '@' || d.name, 'ORG', 1073741824, box.status
        from d, (values ('anne', 'active'), ('suspendue', 'suspended'), ('fermee', 'closed')) as box(name, status)
      returning structure_id, id, address, status)
    insert into app.addresses (address, structure_id, mailbox_id, kind)
      select address, structure_id, id, case when status = 'closed' then 'closed' else 'main' end from b
      union all select 'alias.' || address, structure_id, id, 'alias' from b where status = 'active'`);
});
afterAll(() => database?.close());

const check = (...addresses: string[]) => checkRecipients(database.contextAt(now), addresses);

describe("the check of recipients", () => {
  it.each([
    ["anne@alpha.mssante.test", "hosted"],
    [" ANNE@Alpha.mssante.test ", "hosted"],
    ["alias.anne@alpha.mssante.test", "hosted"],
    ["anne@omega.mssante.test", "hosted"],
    ["personne@alpha.mssante.test", "no-such-mailbox"],
    ["suspendue@alpha.mssante.test", "no-such-mailbox"],
    ["fermee@alpha.mssante.test", "no-such-mailbox"],
    ["personne@omega.mssante.test", "no-such-mailbox"],
    ["dr@gamma.mssante.test", "listed"],
    ["dr@sub.gamma.mssante.test", "not-in-trust-space"],
    ["dr@mssante.test", "not-in-trust-space"],
    ["dr@gamma.mssante.test.evil.test", "not-in-trust-space"],
    ["dr@gmail.test", "not-in-trust-space"],
    ["Dr <dr@gamma.mssante.test>", "invalid"],
    ["dr", "invalid"],
    ["", "invalid"],
  ])("answers %j: %s", async (address, status) => {
    expect(await check(address)).toEqual([{ address, status }]);
  });

  it("answers each address in the order asked, repeated ones too", async () => {
    const asked = [
      "dr@gmail.test",
      "anne@alpha.mssante.test",
      "?",
      "dr@gmail.test",
      "ANNE@alpha.mssante.test",
    ];
    expect((await check(...asked)).map(({ status }) => status))
      .toEqual(["not-in-trust-space", "hosted", "invalid", "not-in-trust-space", "hosted"]);
    expect(await check()).toEqual([]);
  });

  it("takes what looks like SQL for no address", async () => {
    expect(await check("a'; drop table app.mailboxes; --@alpha.mssante.test")).toMatchObject([{
      status: "invalid",
    }]);
  });
});
