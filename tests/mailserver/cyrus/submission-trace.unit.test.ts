/** What the MTA's log proves of a submission, line by line. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { findSubmission } from "../../../api/mail-server/cyrus/submission-trace.ts";
import type { SubmissionTrace } from "../../../api/mail-server/port.ts";

let directory: string;
beforeAll(async () => {
  directory = await Deno.makeTempDir();
});
afterAll(() => Deno.remove(directory, { recursive: true }));

const since = new Date("2026-11-21T09:00:00Z");
const now = () => new Date("2026-11-21T09:05:00Z");
const started = "2026-11-21 08:00:00.000 exim 4.96 daemon started: pid=1";
const submit = "2026-11-21 09:00:01.000 1xUdCl-0004ZY-08 SUBMIT box=~1a2b id=<m@test>";
const later = "2026-11-21 09:02:00.000 1xUdCm-0004ZY-08 <= from=~3c4d S=1 id=other@test";

async function traceOf(...lines: string[]): Promise<SubmissionTrace> {
  const path = `${directory}/${crypto.randomUUID()}`;
  await Deno.writeTextFile(path, lines.join("\n"));
  return await findSubmission(path, "~1a2b", "<m@test>", since, now);
}

test("received, delivered, put off or failed: accepted", async () => {
  for (
    const mark of [
      "<= from=~1a2b",
      "=> to=~3c4d",
      "== to=~5e6f",
      "** to=~5e6f",
    ]
  ) {
    const line = `2026-11-21 09:00:01.002 1xUdCl-0004ZY-08 ${mark} S=1`;
    expect(await traceOf(started, submit, line), mark).toBe("accepted");
  }
});

test("checked and then nothing: unknown, until the MTA has run on in silence", async () => {
  expect(await traceOf(started, submit)).toBe("unknown");
  expect(await traceOf(started, submit, later)).toBe("absent");
});

test("checked and then a crash: the silence counts from the next start", async () => {
  const restart = "2026-11-21 09:01:50.000 exim 4.96 daemon started: pid=2";
  expect(await traceOf(started, submit, restart, later)).toBe("unknown");
  const delivery = "2026-11-21 09:01:51.000 1xUdCl-0004ZY-08 => to=~3c4d S=1";
  expect(await traceOf(started, submit, restart, delivery)).toBe("accepted");
});

test("another box, another id, an earlier attempt: absent", async () => {
  const received = "2026-11-21 09:00:01.002 1xUdCl-0004ZY-08 <= x S=1";
  expect(await traceOf(started, submit.replace("box=~1a2b", "box=~3c4d"), received)).toBe("absent");
  expect(await traceOf(started, submit.replace("<m@test>", "<mm@test>"), received)).toBe("absent");
  expect(await traceOf(started, submit.replace("09:00:01", "08:59:00"), received)).toBe("absent");
});

test("a log that was cut, or cannot be read, proves nothing", async () => {
  expect(await traceOf(later)).toBe("unknown");
  expect(await traceOf()).toBe("unknown");
  expect(await findSubmission(`${directory}/none`, "~1a2b", "m@test", since, now)).toBe(
    "unknown",
  );
});
