import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasRoom } from "../../../api/mailboxes/mod.ts";
import { MailServerUnavailable, type ObservedMailbox } from "../../../api/mail-server/mod.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

describe("whether a box has room", () => {
  let harness: Harness;
  let tenant: Tenant;
  let box: { id: string; address: string };
  let asked: string[];

  beforeAll(async () => {
    harness = await openHarness();
    tenant = await newTenant(harness);
    box = await newMailbox(harness, tenant);
  });
  afterAll(() => harness.close());

  /** As a mail server that says this of each box. */
  async function ask(address: string, size: number, says: Partial<ObservedMailbox> | undefined) {
    asked = [];
    const readMailbox = (name: string) => {
      asked.push(name);
      return Promise.resolve(says as ObservedMailbox | undefined);
    };
    return await hasRoom({ db: harness.deps.db, mailServer: { readMailbox } }, address, size);
  }

  it("is what the mail server says of it now, against the size of the mail", async () => {
    const says = { quotaBytes: 1_000_000, usedBytes: 900_000 };
    expect(await ask(box.address, 100_000, says)).toBe(true);
    expect(await ask(box.address.toUpperCase(), 100_001, says)).toBe(false);
    expect(asked).toEqual([box.address]);
  });

  it("is none when hardly a mail fits, whatever size is named", async () => {
    expect(await ask(box.address, 0, { quotaBytes: 1_000_000, usedBytes: 990_000 })).toBe(false);
    expect(await ask(box.address, 0, { quotaBytes: 1_000_000, usedBytes: 2_000_000 })).toBe(false);
  });

  it("is there without a quota at the mail server, and for a box that it does not know yet", async () => {
    expect(await ask(box.address, 1_000_000, { quotaBytes: null, usedBytes: 9 })).toBe(true);
    expect(await ask(box.address, 1_000_000, undefined)).toBe(true);
  });

  it("is asked by an alias as by the box's own address", async () => {
    const alias = `alias-${crypto.randomUUID().slice(0, 8)}@${tenant.domain}`;
    await harness.database.rows(
      "insert into app.addresses (address, structure_id, mailbox_id, kind) values ($1, $2, $3, 'alias')",
      [alias, tenant.structureId, box.id],
    );
    await ask(alias, 0, { quotaBytes: 1, usedBytes: 1 });
    expect(asked).toEqual([box.address]);
  });

  it("is not asked for an address that is no box of ours", async () => {
    for (const address of ["x@gamma.mssante.test", `nobody@${tenant.domain}`, ""]) {
      expect(await ask(address, 1, { quotaBytes: 1, usedBytes: 1 })).toBe(true);
      expect(asked).toEqual([]);
    }
  });

  it("is unknown while the mail server is away: an error, and neither yes nor no", async () => {
    const readMailbox = () => Promise.reject(new MailServerUnavailable("away"));
    await expect(hasRoom({ db: harness.deps.db, mailServer: { readMailbox } }, box.address, 1)).rejects
      .toBeInstanceOf(MailServerUnavailable);
  });
});
