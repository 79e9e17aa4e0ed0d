/**
 * What IMAP at the edge costs, with Stalwart behind it: 50 sign-ins per second by token, and 2 000 idle sessions. Says whether
 * each stays within load/thresholds.ts. Exit code 1 when one does not. Without names: both.
 *
 *   deno run -A load/edge/main.ts [sign-ins] [idle]
 */
import { secretariat, startImapWorld, type World } from "../../tests/mailserver/edge/imap-world.ts";
import { descendantsOf } from "../../scripts/stack/proc.ts";
import { ImapClient } from "../../tests/support/imap.ts";
import { edgeThresholds } from "../thresholds.ts";

const say = (sentence: string) => console.error(sentence);
let isWithin = true;

function verdict(what: string, value: string, isKept: boolean, bound: string): void {
  isWithin &&= isKept;
  console.log(`${isKept ? "kept  " : "BROKEN"}  ${what}: ${value} (${bound})`);
}

/** More shared boxes of the demo world's structure, which Anne opens too. */
async function makeBoxes(world: World, count: number): Promise<string[]> {
  const [secretary] = await world.sql(
    "select structure_id, id from app.mailboxes where address = $1",
    [secretariat],
  );
  const addresses: string[] = [];
  for (let i = 0; i < count; i++) {
    const address = `charge-${i}@alpha.mssante.test`;
    const [row] = await world.sql(
      `with box as (insert into app.mailboxes (structure_id, domain_id, address, type, display_name, quota_bytes)
           select structure_id, domain_id, $1, 'ORG', $1, 1073741824 from app.mailboxes where id = $2 returning structure_id, id),
         address as (insert into app.addresses select $1, structure_id, id, 'main' from box)
       insert into app.mailbox_members (structure_id, mailbox_id, person_id)
         select box.structure_id, box.id, p.id from box, app.people p where p.family_name = 'ALLARD' returning mailbox_id`,
      [address, secretary!["id"]],
    );
    if (row === undefined) throw new Error("no box was made");
    addresses.push(address);
  }
  return addresses;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function connected(world: World): Promise<ImapClient> {
  const client = await ImapClient.connect({ ...world.stack.edge.imap, host: "127.0.0.2" });
  await client.startTls();
  return client;
}

/** Each with a token of its own, at an even pace, whether those before have been answered or not. */
async function measureSignIns(world: World, boxes: readonly string[]): Promise<void> {
  const { signInsPerSecond, signInP95Milliseconds } = edgeThresholds;
  const count = signInsPerSecond * 20;
  say(`${count} tokens are made`);
  const tokens: string[] = [];
  while (tokens.length < count) {
    const some = Array.from(
      { length: 50 },
      () => world.token("anne-allard", { bytes: 2_000, lifetimeSeconds: 600 }),
    );
    tokens.push(...await Promise.all(some));
  }
  // The first sign-in to a box makes its account at the mail server; the first of all starts processes.
  const once = async (box: string, token: string) => {
    const begin = performance.now();
    const client = await connected(world);
    const asked = performance.now();
    await client.authenticate("XOAUTH2", `user=${box}\x01auth=Bearer ${token}\x01\x01`);
    const end = performance.now();
    client.close();
    return { whole: end - begin, answer: end - asked };
  };
  for (const box of boxes) await once(box, tokens[0]!);
  say(`${signInsPerSecond} sign-ins per second for ${count / signInsPerSecond} s`);
  const began = performance.now();
  let failed = 0;
  const results = await Promise.all(tokens.map(async (token, index) => {
    const wait = index / signInsPerSecond * 1000 - (performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)));
    return await once(boxes[index % boxes.length]!, token).catch((error: Error) => {
      if (failed++ === 0) say(`first failure: ${error.message}`);
      return undefined;
    });
  }));
  const done = results.filter((one) => one !== undefined);
  const seconds = (performance.now() - began) / 1000;
  for (const [name, key] of [["AUTHENTICATE to OK", "answer"], ["with TCP and TLS", "whole"]] as const) {
    const sorted = done.map((one) => one[key]).sort((a, b) => a - b);
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((share) => quantile(sorted, share).toFixed(0));
    console.log(`        sign-in by token, ${name}: p50 / p95 / p99 ${p50} / ${p95} / ${p99} ms`);
  }
  const p95 = quantile(done.map(({ answer }) => answer).sort((a, b) => a - b), 0.95);
  verdict(
    `sign-ins by token, ${(done.length / seconds).toFixed(1)}/s, ${failed} failed, p95`,
    `${p95.toFixed(0)} ms`,
    p95 <= signInP95Milliseconds && failed === 0,
    `at most ${signInP95Milliseconds} ms at ${signInsPerSecond}/s`,
  );
}

/** Proportional share of memory of these processes and all below them, in bytes. */
function pss(pids: readonly number[]): number {
  const all = new Set(pids.flatMap((pid) => [pid, ...descendantsOf(pid)]));
  let kibibytes = 0;
  for (const pid of all) {
    try {
      kibibytes += Number(
        /^Pss:\s+(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0,
      );
    } catch {
      // It has just ended.
    }
  }
  return kibibytes * 1024;
}

async function measureIdle(world: World, boxes: readonly string[]): Promise<void> {
  const { idleSessions, idlePssBytes } = edgeThresholds;
  const { stack } = world;
  const parts = ["edge-imap", "edge-nginx", "api", "mail-server"] as const;
  const sizes = () => Object.fromEntries(parts.map((name) => [name, pss(stack.part(name).pids())]));
  const mebibytes = (bytes: number | undefined) => `${((bytes ?? 0) / 1024 / 1024).toFixed(0)} MiB`;
  const secrets = await Promise.all(boxes.map((box) => world.appPassword("anne-allard", box, ["imap"])));
  const before = sizes();
  say(`${idleSessions} sessions are opened`);
  const clients: ImapClient[] = [];
  const atOnce = 10;
  const began = performance.now();
  for (let first = 0; first < idleSessions; first += atOnce) {
    clients.push(
      ...await Promise.all(Array.from({ length: atOnce }, async (_, i) => {
        const which = (first + i) % boxes.length;
        const client = await connected(world);
        await client.command(`LOGIN ${boxes[which]} ${secrets[which]!.secret}`);
        await client.select("INBOX");
        await client.idle(() => {});
        return client;
      })),
    );
  }
  const seconds = (performance.now() - began) / 1000;
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  const after = sizes();
  const open = clients.filter((client) => !client.isClosed).length;
  console.log(`        ${open} sessions idle, opened in ${seconds.toFixed(0)} s`);
  for (const name of parts) {
    console.log(
      `        ${name}: ${mebibytes(before[name])} before, ${mebibytes(after[name])} with them (PSS)`,
    );
  }
  const own = (after["edge-imap"] ?? 0) + (after["edge-nginx"] ?? 0);
  verdict(
    `${open} idle sessions, Dovecot and nginx`,
    mebibytes(own),
    own <= idlePssBytes && open === idleSessions,
    `at most ${mebibytes(idlePssBytes)} for ${idleSessions}`,
  );
  // A right that ends among so many.
  const ended = clients.filter((_, index) => index % boxes.length === 0);
  const from = performance.now();
  await world.sql("update app.app_passwords set revoked_at = now() where id = $1", [secrets[0]!.id]);
  while (ended.some((client) => !client.isClosed) && performance.now() - from < 30_000) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const took = (performance.now() - from) / 1000;
  const others = clients.filter((client) => !client.isClosed).length;
  verdict(
    `${ended.length} of ${open} sessions end with their right, ${others} stay`,
    `${took.toFixed(1)} s`,
    took <= edgeThresholds.endsWithinSeconds && others === open - ended.length,
    `at most ${edgeThresholds.endsWithinSeconds} s`,
  );
  for (const client of clients) client.close();
}

const asked = new Set(Deno.args.length === 0 ? ["sign-ins", "idle"] : Deno.args);
say("The platform starts");
const world = await startImapWorld("stalwart");
try {
  const boxes = await makeBoxes(world, 80); // One app password opens up to 30 connections to each (api/edge/connections.ts).
  if (asked.has("sign-ins")) await measureSignIns(world, boxes.slice(0, 20));
  if (asked.has("idle")) await measureIdle(world, boxes);
} finally {
  await world.stop();
}
Deno.exit(isWithin ? 0 : 1);
