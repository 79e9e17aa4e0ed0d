/**
 * What became of a submitted message, from the only memory there is: the MTA's log and its queue.
 *
 * The MTA writes `<queue id> SUBMIT box=<box> id=<Message-ID>` when the message has passed its checks, and `<queue id> <=` when
 * it has it on disk, before it says so to Cyrus. A message whose `<=` was lost in a crash still stands in the queue.
 */
import type { SubmissionTrace } from "../port.ts";

/** A submission that was not there yet may still be on its way through Cyrus. */
const settleMilliseconds = 3000;
const pollMilliseconds = 250;
/** A message between SUBMIT and `<=` for longer than this was cut off and never accepted. */
const tornAfterMilliseconds = 30_000;
/** Clocks of the log and of the caller are the same; the log rounds down. */
const toleranceMilliseconds = 1000;
const longestTail = 64 * 1024 * 1024;

export async function findSubmission(
  logFile: string,
  box: string,
  messageId: string,
  since: Date,
  now: () => Date = () => new Date(),
): Promise<SubmissionTrace> {
  while (true) {
    const trace = await look(logFile, box.toLowerCase(), bare(messageId), since.getTime(), now().getTime());
    if (trace !== "absent" || now().getTime() - since.getTime() >= settleMilliseconds) return trace;
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }
}

async function look(
  logFile: string,
  box: string,
  messageId: string,
  since: number,
  now: number,
): Promise<SubmissionTrace> {
  const log = await tailOf(logFile);
  if (log === undefined) return "unknown";
  const lines = log.split("\n");
  const earliest = lines.map(timeOf).find((time) => time !== undefined);
  const from = since - toleranceMilliseconds;
  let isPending = false;
  for (const line of lines) {
    const submit = / (\S+) SUBMIT box=(\S+) id=(.*)$/.exec(line);
    const [, queueId = "", submittedBy, submittedId = ""] = submit ?? [];
    if (submit === null || submittedBy !== box || bare(submittedId) !== messageId) continue;
    const time = timeOf(line) ?? 0;
    if (time < from) continue;
    if (lines.some((other) => other.includes(` ${queueId} <= `)) || await isQueued(logFile, queueId)) {
      return "accepted";
    }
    if (now - time < tornAfterMilliseconds) isPending = true;
  }
  if (isPending) return "unknown";
  // A log that begins later than the attempt has been cut: it proves nothing.
  return earliest !== undefined && earliest <= since + toleranceMilliseconds ? "absent" : "unknown";
}

/** The queue lies beside the log's directory (mailserver/mta/launch.ts). */
async function isQueued(logFile: string, queueId: string): Promise<boolean> {
  if (!/^[\w-]+$/.test(queueId)) return false;
  const header = `${logFile.replace(/\/[^/]+\/[^/]+$/, "")}/spool/input/${queueId}-H`;
  return await Deno.stat(header).then(() => true, () => false);
}

async function tailOf(path: string): Promise<string | undefined> {
  try {
    using file = await Deno.open(path);
    const { size } = await file.stat();
    const start = Math.max(0, size - longestTail);
    await file.seek(start, Deno.SeekMode.Start);
    return await new Response(file.readable).text();
  } catch {
    return undefined; // No log, no proof.
  }
}

/** Milliseconds of `2026-11-21 04:30:00.123 …`; the log is in UTC. */
function timeOf(line: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3})/.exec(line);
  return match === null ? undefined : Date.parse(`${match[1]}T${match[2]}Z`);
}

function bare(messageId: string): string {
  return messageId.trim().replace(/^<|>$/g, "");
}
