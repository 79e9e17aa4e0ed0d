/**
 * What has to be mended after a stop that was none (kill -9, power cut), before the server runs again. Both were seen:
 *
 * - A delivery cut short leaves the mail in its folder, for IMAP to see, but not in the box's conversations, so that JMAP
 *   does not: the conversations are built again.
 * - A delivery that Cyrus had finished and Exim had not noted is repeated. Cyrus knows most of them by their Message-ID, but
 *   notes that a moment after the mail is in: the queue is compared with the boxes. A stored mail names the queue's own id in
 *   a Received line, which no copy in Sent or Drafts has.
 */
import { Client } from "pg";
import { type ImapSession, withImap } from "../../api/mail-server/cyrus/imap.ts";
import { runToEnd } from "../../scripts/stack/packages.ts";
import type { Account, RunningPart } from "../../scripts/stack/part.ts";
import type { DaemonSettings } from "./password-daemon/main.ts";
import type { CyrusPrograms } from "./programs.ts";

const marker = "running";

/** Whether the server was running when it was last seen: it did not stop by itself. */
export async function wasCutShort(state: string): Promise<boolean> {
  return await Deno.stat(`${state}/${marker}`).then(() => true, () => false);
}

export async function markRunning(state: string): Promise<void> {
  await Deno.writeTextFile(`${state}/${marker}`, "");
}

export async function markStopped(state: string): Promise<void> {
  await Deno.remove(`${state}/${marker}`).catch(() => undefined); // The directory itself may have been reset.
}

/**
 * Brings databases and conversations back in order. Nothing of Cyrus may run. A step that fails is told and does not keep
 * the server from starting: what it would have mended is one mail, not all.
 */
export async function repairStore(
  programs: CyrusPrograms,
  imapdConfiguration: string,
  runAs: Account | undefined,
  log: (line: string) => void,
): Promise<void> {
  const [command, ...loaderArgs] = programs.loader;
  const steps = [["ctl_cyrusdb", "-r"], ["ctl_conversationsdb", "-b", "-r"], [
    "ctl_conversationsdb",
    "-R",
    "-r",
  ]];
  for (const [program = "", ...args] of steps) {
    const all = [...loaderArgs, `${programs.binaries}/${program}`, "-C", imapdConfiguration, ...args];
    await runToEnd(program, command, all, runAs === undefined ? {} : { runAs }).catch((error: unknown) => {
      log(error instanceof Error ? error.message : `${program} failed`);
    });
  }
}

/** A queued mail and its recipients that Exim still has to serve. */
export interface Undelivered {
  readonly queueId: string;
  readonly recipients: readonly string[];
}

/** Reads the answer of `exim -bp`; recipients marked `D` are served. */
export function parseQueue(text: string): Undelivered[] {
  const queue: { queueId: string; recipients: string[] }[] = [];
  for (const line of text.split("\n")) {
    const head = /^\s*\d+[a-z]\s+\S+\s+([\w-]{16,}) </.exec(line)?.[1];
    if (head !== undefined) queue.push({ queueId: head, recipients: [] });
    const recipient = /^ {10}(\S+@\S+)$/.exec(line)?.[1];
    if (recipient !== undefined) queue.at(-1)?.recipients.push(recipient);
  }
  return queue.filter(({ recipients }) => recipients.length > 0);
}

export interface QueueRecovery {
  /** Runs an Exim command (`-bp`, `-Mmd` …) on the queue and returns what it prints. */
  readonly exim: (...args: string[]) => Promise<string>;
  /** Starts Cyrus with IMAP and nothing else. */
  readonly startImap: () => Promise<RunningPart>;
  readonly imap: { readonly host: string; readonly port: number };
  readonly adminSecret: string;
  readonly postgres: DaemonSettings["postgres"];
}

/**
 * Tells Exim which of its queued mails the boxes already hold. Exim must not run.
 *
 * @returns how many deliveries were struck off.
 */
export async function strikeOffDelivered(recovery: QueueRecovery): Promise<number> {
  const queue = parseQueue(await recovery.exim("-bp"));
  const boxes = await boxesOf(recovery.postgres, queue.flatMap(({ recipients }) => recipients));
  if (boxes.size === 0) return 0;
  let count = 0;
  const running = await recovery.startImap();
  try {
    for (const { queueId, recipients } of queue) {
      for (const recipient of recipients) {
        const box = boxes.get(recipient.toLowerCase());
        if (box === undefined) continue;
        const isThere = await withImap(
          recovery.imap,
          recovery.adminSecret,
          box,
          (session) => holds(session, queueId),
        );
        if (!isThere) continue;
        await recovery.exim("-Mmd", queueId, recipient);
        count += 1;
      }
    }
  } finally {
    await running.stop();
  }
  return count;
}

async function boxesOf(
  postgres: DaemonSettings["postgres"],
  addresses: readonly string[],
): Promise<Map<string, string>> {
  if (addresses.length === 0) return new Map();
  const client = new Client({ ...postgres, connectionTimeoutMillis: 5000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ address: string; name: string }>(
      "select address, name from mail_directory.recipient where address = any($1)",
      [addresses.map((address) => address.toLowerCase())],
    );
    return new Map(rows.map(({ address, name }) => [address, name]));
  } finally {
    await client.end();
  }
}

/** Whether any folder of the box holds the mail that had this id in Exim's queue. */
async function holds(session: ImapSession, queueId: string): Promise<boolean> {
  const { lines } = await session.command(`LIST "" "*"`);
  const folders = lines.flatMap((line) =>
    /^\* LIST \([^)]*\) (?:"."|NIL) ("(?:[^"\\]|\\.)*"|\S+)$/.exec(line)?.[1] ?? []
  );
  for (const folder of folders) {
    if ((await session.command(`EXAMINE ${folder}`)).refusal !== undefined) continue;
    const found = await session.command(`UID SEARCH HEADER Received "${queueId}"`);
    if (found.lines.some((line) => /^\* SEARCH \d/.test(line))) return true;
  }
  return false;
}
