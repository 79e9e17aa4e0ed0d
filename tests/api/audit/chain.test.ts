import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  describeFault,
  operatorChain,
  readAnchors,
  readHeads,
  recordAudit,
  type Verdict,
  type VerifyOptions,
  verifyTrail,
  writeAnchors,
} from "../../../api/audit/mod.ts";
import { inStructure, inSystem } from "../../../api/database/in-tenant.ts";
import { type Harness, openHarness } from "../../support/harness.ts";
import { newMailbox, newTenant, type Tenant } from "../../support/tenants.ts";

let harness: Harness;
let tenant: Tenant;
let chain: string;
let anchors: string;

/** By both hands: what the database says of its pages, and what is hashed here; they never differ. */
const verify = async (options: VerifyOptions = {}): Promise<Verdict> => {
  const verdict = await verifyTrail(harness.system, { batch: 7, ...options });
  expect(await verifyTrail(harness.system, { ...options, isApart: true })).toEqual(verdict);
  return verdict;
};
const verifyWithAnchors = async (): Promise<Verdict> =>
  await verify({ anchors: (await readAnchors(anchors)).byChain });
const anchor = async () => await writeAnchors(anchors, harness.clock.now(), await readHeads(harness.system));
const write = async (structureId: string | null, ...ids: string[]) => {
  await inSystem(harness.system, async (tx) => {
    for (const id of ids) {
      await recordAudit(tx, harness.system, {
        action: "mailbox.change",
        subject: { kind: "mailbox", id },
        structureId,
        before: { displayName: `Éléonore "\u2028\\ 😀 ${id}`, quotaBytes: 1.5e15 },
        after: { displayName: "\t\n\u0001", status: "active" },
        reason: "Essai </script>",
      });
    }
  });
};
/** As somebody with the rights of the server itself: no trigger, no policy. */
const tamper = async (...queries: string[]) => {
  await harness.database.rows("set session_replication_role = replica");
  try {
    for (const query of queries) await harness.database.rows(query);
  } finally {
    await harness.database.rows("set session_replication_role = origin");
  }
};
const idAt = async (seq: number) => {
  const [row] = await harness.database.rows(
    "select event_id from app.audit_links where chain_id = $1 and seq = $2",
    [chain, seq],
  );
  return Number(row?.event_id);
};
const lastSeq = async () => {
  const [row] = await harness.database.rows("select seq from app.audit_heads where chain_id = $1", [chain]);
  return Number(row?.seq);
};

beforeAll(async () => {
  harness = await openHarness();
});
afterAll(async () => await harness.close());
beforeEach(async () => {
  // Each test spoils a database of its own making: what the one before broke is cleared away.
  await tamper(
    "delete from app.audit_links",
    "delete from app.audit_heads",
    "delete from app.audit_events",
  );
  tenant = await newTenant(harness);
  chain = tenant.structureId;
  await write(chain, "a", "b", "c", "d", "e", "f", "g", "h", "i", "j");
  anchors = await mkdtemp(join(tmpdir(), "mss-anchors-"));
});
afterEach(async () => await rm(anchors, { recursive: true }));

describe("a trail that nobody touched", () => {
  it("is whole: by structure, for the operator, written by whatever act", async () => {
    await newMailbox(harness, tenant);
    const operator = await harness.signIn({ operatorRoles: ["operator_administrator"] });
    await operator.post("/api/v1/structures", { idNatStruct: "1123456789", name: "Clinique" });
    await write(null, "x", "y");
    const verdict = await verify();
    expect(verdict.faults).toEqual([]);
    expect(verdict.chains).toBeGreaterThanOrEqual(2);
    const [row] = await harness.database.rows("select count(*) from app.audit_events");
    expect(verdict.rows).toBe(Number(row?.count));
    await anchor();
    expect((await verifyWithAnchors()).faults).toEqual([]);
  });

  it("numbers the rows of one transaction in their order, without a gap, and those of a lost one not at all", async () => {
    await expect(inStructure(harness.system, chain, async (tx) => {
      await recordAudit(tx, harness.system, {
        action: "mailbox.change",
        subject: { kind: "mailbox", id: "lost" },
        structureId: chain,
      });
      throw new Error("undone");
    })).rejects.toThrow("undone");
    await write(chain, "k", "l");
    const rows = await harness.database.rows(
      `select l.seq, e.subject_id from app.audit_links l join app.audit_events e on e.id = l.event_id
        where l.chain_id = $1 order by l.seq desc limit 3`,
      [chain],
    );
    expect(rows.map((row) => row.subject_id)).toEqual(["l", "k", "j"]);
    expect(Number(rows[0]?.seq) - Number(rows[2]?.seq)).toBe(2);
  });

  it("is one line after fifty writers at once, in two chains each, taken in either order", async () => {
    const other = (await newTenant(harness)).structureId;
    await Promise.all(Array.from({ length: 50 }, (_, i) =>
      inSystem(harness.system, async (tx) => {
        for (const structureId of i % 2 === 0 ? [chain, other, null] : [null, other, chain]) {
          await recordAudit(tx, harness.system, {
            action: "mailbox.change",
            subject: { kind: "mailbox", id: `w${i}` },
            structureId,
          });
        }
      })));
    const verdict = await verify();
    expect(verdict.faults).toEqual([]);
    const rows = await harness.database.rows(
      "select 1 from app.audit_events where subject_id like 'w%'",
    );
    expect(rows).toHaveLength(150);
  });

  it("holds no lock of the chain while a transaction is still at work", async () => {
    await inSystem(harness.system, async (tx) => {
      await recordAudit(tx, harness.system, {
        action: "mailbox.change",
        subject: { kind: "mailbox", id: "slow" },
        structureId: chain,
      });
      // Another one of the same structure begins, writes and commits meanwhile.
      await write(chain, "fast");
    });
    const rows = await harness.database.rows(
      `select e.subject_id from app.audit_links l join app.audit_events e on e.id = l.event_id
        where l.chain_id = $1 order by l.seq desc limit 2`,
      [chain],
    );
    expect(rows.map((row) => row.subject_id)).toEqual(["slow", "fast"]);
    expect((await verify()).faults).toEqual([]);
  });
});

describe("the verifier names the place", () => {
  it.each([
    ["its reason", "reason = 'Autre'"],
    ["who did it", "actor_label = 'Somebody else'"],
    ["when", "at = at + interval '1 microsecond'"],
    ["what it was before", `before = jsonb_set(before, '{quotaBytes}', '1500000000000001')`],
    ["its structure", "structure_id = null"],
  ])("of a row in which somebody changed %s", async (_what, change) => {
    const id = await idAt(6);
    await tamper(`update app.audit_events set ${change} where id = ${id}`);
    expect((await verify()).faults).toEqual([{ kind: "row-changed", chain, seq: 6, eventId: id }]);
  });

  it("of a row that was removed", async () => {
    const id = await idAt(5);
    await tamper(`delete from app.audit_events where id = ${id}`);
    expect((await verify()).faults).toEqual([{ kind: "row-missing", chain, seq: 5, eventId: id }]);
  });

  it("of rows that were removed with their links", async () => {
    const [one, two] = [await idAt(4), await idAt(5)];
    await tamper(
      `delete from app.audit_events where id in (${one}, ${two})`,
      `delete from app.audit_links where event_id in (${one}, ${two})`,
    );
    expect((await verify()).faults).toEqual([{ kind: "links-missing", chain, seq: 4, lastSeq: 5 }]);
  });

  it("of rows that were removed and those behind them numbered anew", async () => {
    const id = await idAt(4);
    await tamper(
      `delete from app.audit_events where id = ${id}`,
      `delete from app.audit_links where event_id = ${id}`,
      `update app.audit_links set seq = seq + 1000 where chain_id = '${chain}' and seq > 4`,
      `update app.audit_links set seq = seq - 1001 where chain_id = '${chain}' and seq > 1000`,
    );
    const { faults } = await verify();
    expect(faults[0]).toMatchObject({ kind: "order-broken", chain, seq: 4 });
  });

  it("of the end that was cut, by the end that the database notes", async () => {
    const last = await lastSeq();
    await tamper(
      `delete from app.audit_events where id in (select event_id from app.audit_links where chain_id = '${chain}' and seq > ${
        last - 3
      })`,
      `delete from app.audit_links where chain_id = '${chain}' and seq > ${last - 3}`,
    );
    expect((await verify()).faults).toEqual([{ kind: "tail-cut", chain, seq: last - 2, lastSeq: last }]);
  });

  it("of the end that was cut with all that notes it here, by the anchor outside", async () => {
    await anchor();
    const last = await lastSeq();
    await tamper(
      `delete from app.audit_events where id in (select event_id from app.audit_links where chain_id = '${chain}' and seq > ${
        last - 3
      })`,
      `delete from app.audit_links where chain_id = '${chain}' and seq > ${last - 3}`,
      `update app.audit_heads h set seq = l.seq, hash = l.hash from app.audit_links l
        where h.chain_id = '${chain}' and l.chain_id = h.chain_id and l.seq = ${last - 3}`,
    );
    expect((await verify()).faults).toEqual([]);
    const cut = (await verifyWithAnchors()).faults;
    expect(cut).toEqual([{ kind: "tail-cut", chain, seq: last - 2, lastSeq: last }]);
    expect(describeFault(cut[0]!)).toContain(`${chain}: tail-cut from seq ${last - 2} to ${last}`);
    // Acts that come afterwards take the places of those that were cut, and do not hide it.
    await write(chain, "k", "l", "m", "n");
    expect((await verifyWithAnchors()).faults).toMatchObject([{ kind: "anchor-differs", chain, seq: last }]);
  });

  it("of two rows that were exchanged", async () => {
    const [one, two] = [await idAt(4), await idAt(7)];
    await tamper(
      `update app.audit_links set event_id = case event_id when ${one} then -${two} else -${one} end where event_id in (${one}, ${two})`,
      "update app.audit_links set event_id = -event_id where event_id < 0",
    );
    const { faults } = await verify();
    expect(faults.map(({ kind, seq }) => [kind, seq])).toEqual([["row-changed", 4], ["row-changed", 7]]);
  });

  it("of two links that were exchanged with their rows", async () => {
    await tamper(
      `update app.audit_links set seq = case seq when 4 then 1007 else 1004 end where chain_id = '${chain}' and seq in (4, 7)`,
      `update app.audit_links set seq = seq - 1000 where chain_id = '${chain}' and seq > 1000`,
    );
    const { faults } = await verify();
    expect([...new Set(faults.map((one) => one.seq))]).toEqual([4, 5, 7, 8]);
    expect(faults[0]?.kind).toBe("order-broken");
  });

  it("of a row that was put in without the platform, also one of another structure's chain", async () => {
    await tamper(
      `insert into app.audit_events (structure_id, actor_kind, action, subject_kind, subject_id, transaction_id)
       values ('${chain}', 'system', 'mailbox.change', 'mailbox', 'forged', 0)`,
    );
    const [row] = await harness.database.rows("select id from app.audit_events where subject_id = 'forged'");
    expect((await verify()).faults).toEqual([
      { kind: "row-unsealed", chain, seq: null, eventId: Number(row?.id) },
    ]);
  });

  it("of a chain that was written anew from some row on, by the anchor outside", async () => {
    await anchor();
    const last = await lastSeq();
    await tamper(
      `update app.audit_events set reason = 'Autre' where id = ${await idAt(5)}`,
      `delete from app.audit_links where chain_id = '${chain}' and seq >= 5`,
      `update app.audit_heads h set seq = l.seq, hash = l.hash from app.audit_links l
        where h.chain_id = '${chain}' and l.chain_id = h.chain_id and l.seq = 4`,
      // With the very function of the trigger.
      `do $$ declare t bigint; begin
         for t in select distinct transaction_id from app.audit_events where structure_id = '${chain}' order by 1 loop
           perform app.seal_audit_chain('${chain}', t);
         end loop; end $$`,
    );
    expect((await verify()).faults).toEqual([]);
    expect((await verifyWithAnchors()).faults).toMatchObject([{ kind: "anchor-differs", chain, seq: last }]);
  });

  it("of a chain that is gone altogether", async () => {
    await anchor();
    const last = await lastSeq();
    await tamper(
      `delete from app.audit_events where structure_id = '${chain}'`,
      `delete from app.audit_links where chain_id = '${chain}'`,
      `delete from app.audit_heads where chain_id = '${chain}'`,
    );
    expect((await verifyWithAnchors()).faults).toEqual([{ kind: "tail-cut", chain, seq: 1, lastSeq: last }]);
  });
});

describe("anchors", () => {
  it("are appended to the day's file, and a line that was spoilt is named", async () => {
    await write(null, "x");
    await anchor();
    await write(chain, "k");
    await anchor();
    const { byChain, unreadable } = await readAnchors(anchors);
    expect(byChain.get(chain)).toHaveLength(2);
    expect([...byChain.keys()]).toContain(operatorChain);
    expect(unreadable).toEqual([]);
    const file = `anchors-${harness.clock.now().toISOString().slice(0, 10)}.jsonl`;
    const text = await readFile(join(anchors, file), "utf8");
    await writeFile(join(anchors, file), text.replace("\n", "!\n"));
    expect((await readAnchors(anchors)).unreadable).toEqual([{ file, line: 1 }]);
  });
});

describe("the trail's own tables", () => {
  it.each(["mss_api", "mss_worker", "mss_owner"] as const)("can be changed by no act of %s", async (role) => {
    const client = await harness.database.connect(role);
    for (const table of ["audit_events", "audit_links", "audit_heads"]) {
      for (const query of [`delete from app.${table}`, `truncate app.${table}`]) {
        await expect(client.query(query)).rejects.toMatchObject({ code: "42501" });
      }
    }
    for (const table of ["audit_events", "audit_links"]) {
      const column = table === "audit_events" ? "reason" : "format";
      await expect(client.query(`update app.${table} set ${column} = null`)).rejects.toMatchObject({
        code: "42501",
      });
    }
    if (role === "mss_owner") return;
    await expect(client.query("update app.audit_heads set seq = 1")).rejects.toMatchObject({ code: "42501" });
    await expect(client.query(`select app.seal_audit_chain('${operatorChain}', 1)`)).rejects.toMatchObject({
      code: "42501",
    });
  });

  it("take no row that names another transaction than its own", async () => {
    await expect(harness.database.rows(
      `insert into app.audit_events (structure_id, actor_kind, action, subject_kind, subject_id, transaction_id)
       values (null, 'system', 'mailbox.change', 'mailbox', 'x', 0)`,
    )).rejects.toThrow(/names another transaction/);
  });
});
