/**
 * What became of a submitted message, from the only memory there is: the MTA's log.
 *
 * The MTA writes `<queue id> SUBMIT box=<its name in the log> id=<Message-ID>` when the message has passed its checks, then puts it on disk,
 * writes `<queue id> <=`, and only then says so to Cyrus. A crash in between leaves a queued message without `<=`; the next
 * start tries to deliver it at once, and every attempt is a line with the queue id.
 */
import type { SubmissionTrace } from "../port.ts";

/** A submission that was not there yet may still be on its way through Cyrus. */
const settleMilliseconds = 3000;
const pollMilliseconds = 250;
/** The MTA has run for this long after SUBMIT, and after its last start, without a word of the message: it does not have it. */
const silenceMilliseconds = 30_000;
/** Clocks of the log and of the caller are the same; the log rounds down. */
const toleranceMilliseconds = 1000;
const longestTail = 64 * 1024 * 1024;

export async function findSubmission(
  logFile: string,
  boxInLog: string,
  messageId: string,
  since: Date,
  now: () => Date = () => new Date(),
): Promise<SubmissionTrace> {
  while (true) {
    const trace = await look(logFile, boxInLog, bare(messageId), since.getTime());
    if (trace !== "absent" || now().getTime() - since.getTime() >= settleMilliseconds) return trace;
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }
}

async function look(
  logFile: string,
  boxInLog: string,
  messageId: string,
  since: number,
): Promise<SubmissionTrace> {
  const log = await tailOf(logFile);
  if (log === undefined) return "unknown";
  const lines = log.split("\n");
  const from = since - toleranceMilliseconds;
  let isPending = false;
  for (const line of lines) {
    const submit = / (\S+) SUBMIT box=(\S+) id=(.*)$/.exec(line);
    const [, queueId = "", submittedBy, submittedId = ""] = submit ?? [];
    if (submit === null || submittedBy !== boxInLog || bare(submittedId) !== messageId) continue;
    const time = timeOf(line) ?? 0;
    if (time < from) continue;
    if (lines.some((other) => other !== line && followUp(queueId).test(other))) return "accepted";
    if (!wasSilent(lines, time)) isPending = true;
  }
  if (isPending) return "unknown";
  // A log that begins later than the attempt has been cut: it proves nothing.
  const earliest = lines.map(timeOf).find((time) => time !== undefined);
  return earliest !== undefined && earliest <= since + toleranceMilliseconds ? "absent" : "unknown";
}

/** Received, delivered, put off, failed, done: each proves that the MTA has, or had, the message. */
function followUp(queueId: string): RegExp {
  return new RegExp(` ${queueId.replaceAll("-", "\\-")} (<=|=>|->|==|\\*\\*|Completed)`);
}

/** Whether the MTA ran on long enough to have said something of a message it took at that time. */
function wasSilent(lines: readonly string[], time: number): boolean {
  const times = lines.flatMap((line) => {
    const at = timeOf(line);
    return at === undefined || at < time ? [] : [{ at, isStart: line.includes(" daemon started") }];
  });
  const begin = times.findLast(({ isStart }) => isStart)?.at ?? time;
  return (times.at(-1)?.at ?? time) - begin > silenceMilliseconds;
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
