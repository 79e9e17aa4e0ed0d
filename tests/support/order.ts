/**
 * In which order the files of a whole run begin: those that mostly wait (for a mail server, a browser's journey) are spread
 * among those that mostly compute, the longest first, so that neither cores nor waits are left over at the end.
 *
 * Only the order depends on this table, never a result: files that are not in it begin in an order of chance.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Seconds on two cores, of the files that take longest. */
const seconds: Readonly<Record<string, number>> = {
  "journeys/kill-nine/kill-nine": 100,
  "mailserver/control-plane/life-of-a-box": 70,
  "journeys/admin/administration": 70,
  "mailserver/gateway/delegations": 53,
  "mailserver/edge/imap": 190,
  "mailserver/edge/submission": 100,
  "journeys/first-mail/first-mail": 60,
  "journeys/sign-in/sign-in": 50,
  "scripts/start/start": 80,
  "mailserver/gateway/events": 39,
  "mailserver/stalwart/start": 34,
  "mailserver/gateway/crash": 34,
  "web/screens-writing": 33,
  "mailserver/cyrus/queue": 29,
  "web/screens-reading": 28,
  "mailserver/gateway/sending": 26,
  "web/admin/tenancy": 25,
  "mailserver/stalwart/delivery": 25,
  "mailserver/control-plane/export": 23,
  "web/admin/mailboxes": 23,
  "mailserver/gateway/isolation": 22,
  "api/trust-space/real-list": 21,
  "mailserver/stalwart/boxes": 20,
  "mailserver/stalwart/submission": 19,
  "mailserver/control-plane/bulk": 18,
  "mailserver/cyrus/driver": 18,
  "mailserver/cyrus/submission": 15,
  "web/my-data": 15,
  "web/admin/privacy": 14,
  "mailserver/gateway/requests": 13,
  "api/contract/roles": 12,
  "api/identity/hostile-provider": 50,
  "web/admin/import": 11,
  "web/admin/people": 11,
  "mailserver/cyrus/sign-in": 10,
  "api/contract/contract": 30,
  "api/contract/reached": 20,
  "api/contract/inputs": 12,
  "api/staff/in-the-browser": 20,
};
/** Of a file that is not named, by whether it mostly waits. */
const unknown = { waiting: 20, computing: 2 };
const waiting: ReadonlySet<string> = new Set(["mailserver", "journeys"]);

interface Placed {
  readonly file: TestSpecification;
  readonly seconds: number;
}

/** The files, longest first, each with the part of its list's seconds that begins before it. */
function placed(list: Placed[]): { file: TestSpecification; place: number }[] {
  const total = list.reduce((sum, one) => sum + one.seconds, 0);
  let before = 0;
  return list.sort((a, b) => b.seconds - a.seconds).map((one) => {
    const place = before / total;
    before += one.seconds;
    return { file: one.file, place };
  });
}

export class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const kinds: Record<keyof typeof unknown, Placed[]> = { waiting: [], computing: [] };
    for (const file of shuffled(files, this.ctx.config.sequence.seed)) {
      const name = /\/tests\/(.*?)(\.unit)?\.test\.ts$/.exec(file.moduleId)?.[1] ?? "";
      const kind = waiting.has(file.project.name) ? "waiting" : "computing";
      kinds[kind].push({ file, seconds: seconds[name] ?? unknown[kind] });
    }
    const sorted = [...placed(kinds.waiting), ...placed(kinds.computing)].sort((a, b) => a.place - b.place);
    return Promise.resolve(sorted.map(({ file }) => file));
  }
}

/** The same order for the same seed (vitest prints it), as its own shuffling does. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const mixed = [...list];
  let state = seed >>> 0;
  for (let left = mixed.length; left > 1; left--) {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ state >>> 15, state | 1);
    bits ^= bits + Math.imul(bits ^ bits >>> 7, bits | 61);
    const chosen = ((bits ^ bits >>> 14) >>> 0) % left;
    [mixed[left - 1], mixed[chosen]] = [mixed[chosen]!, mixed[left - 1]!];
  }
  return mixed;
}
